export { DescriptorReserve, descriptorLimit } from "./descriptors.ts";
export { ListeningSockets } from "./listening-sockets.ts";
export { importLate, loadLate, reserveDescriptors } from "./load-late.ts";
export { type FileLock, lockFile } from "./lock-file.ts";
export { loadPeerCredentials, type PeerCredentials, type ReadPeerCredentials } from "./peer-credentials.ts";
export { type FolderIdentity, folderIdentity, removeTree } from "./remove-tree.ts";
export {
  keepInheritedDescriptors,
  outputOf,
  ProgramError,
  spawnProcess,
  withoutDescriptors,
} from "./spawn-process.ts";
export {
  ignoreErrorsOf,
  logToStderr,
  PatientWriter,
  type PatientWriterOptions,
  writeStderr,
} from "./standard-error.ts";
