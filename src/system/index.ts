export { loadPeerCredentials, type PeerCredentials, type ReadPeerCredentials } from "./peer-credentials.ts";
