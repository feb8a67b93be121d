export { DescriptorReserve, descriptorLimit } from "./descriptors.ts";
export { ListeningSockets } from "./listening-sockets.ts";
export { loadPeerCredentials, type PeerCredentials, type ReadPeerCredentials } from "./peer-credentials.ts";
