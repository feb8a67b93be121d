export { configMethods } from "./config-service.ts";
export { type ConfigListener, ConfigStore, type ConfigStoreOptions } from "./config-store.ts";
export { jsonEqual } from "./json-equal.ts";
export { getPath, removePath, setPath } from "./key-path.ts";
export { merge } from "./merge.ts";
export { type ConfigSources, openConfig } from "./open-config.ts";
export { parseConfigPath } from "./parse-path.ts";
export { type Locate, parseToml } from "./toml.ts";
export { updateConfig } from "./update.ts";
