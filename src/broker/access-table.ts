import { FluxError } from "../base/index.ts";
import { type JsonObject, type JsonValue, Real, unpack } from "../json/index.ts";
import { Role } from "../message/index.ts";

/** A role that guests get besides USER, and who gets it: users by name, and those whom a group's list of members names. */
export interface RoleRule {
  /** A `Role` bit. */
  readonly role: number;
  readonly users: readonly string[];
  readonly groups: readonly string[];
}

/** What the table `[access]` of a configuration says. */
export interface AccessTable {
  /** Lets other users in, as guests. */
  readonly allowGuests: boolean;
  /** Lets root in as the owner. */
  readonly allowRootOwner: boolean;
  /** Shows guests only their own jobs; read by the services that keep jobs. */
  readonly privateMode: boolean;
  readonly roles: readonly RoleRule[];
}

/** What holds for keys that a table lacks. */
export interface AccessDefaults {
  readonly allowGuests?: boolean | undefined;
  readonly allowRootOwner?: boolean | undefined;
}

/** Roles that may be given, by name. */
const ROLES: ReadonlyMap<string, number> = new Map([["admin", Role.ADMIN]]);

/**
 * Reads the table `[access]`: allow-guest-user, allow-root-owner, private-mode, roles.admin.users and roles.admin.groups, and no other key.
 * @throws FluxError EINVAL with the texts of flux-core. Source: flux-config-access(5); roleconf.c in flux-core.
 */
export function parseAccess(config: JsonObject, defaults: AccessDefaults = {}): AccessTable {
  const [guests, root, privateMode, roles] = refusing("error parsing [access] configuration", () =>
    unpack(
      config,
      "{s?{s?b s?b s?b s?o !}}",
      "access",
      "allow-guest-user",
      "allow-root-owner",
      "private-mode",
      "roles",
    ),
  );
  return {
    allowGuests: guests ?? defaults.allowGuests ?? false,
    allowRootOwner: root ?? defaults.allowRootOwner ?? false,
    privateMode: privateMode ?? false,
    roles: parseRoles(roles ?? null),
  };
}

function parseRoles(roles: JsonValue): RoleRule[] {
  if (roles === null) return [];
  if (typeof roles !== "object" || Array.isArray(roles) || roles instanceof Real)
    throw new FluxError("EINVAL", "[access.roles] must be a table");
  return Object.entries(roles as JsonObject).map(([name, entry]) => parseRole(name, entry ?? null));
}

function parseRole(name: string, entry: JsonValue): RoleRule {
  const role = ROLES.get(name);
  if (role === undefined) throw new FluxError("EINVAL", `unknown role '${name}' in [access.roles]`);
  const table = `[access.roles.${name}]`;
  const [users, groups] = refusing(table, () => unpack(entry, "{s?o s?o !}", "users", "groups"));
  return { role, users: namesOf(users, `${table} users`), groups: namesOf(groups, `${table} groups`) };
}

function namesOf(value: JsonValue | undefined, key: string): string[] {
  const names = value === undefined ? [] : value;
  if (!Array.isArray(names) || !names.every((name) => typeof name === "string"))
    throw new FluxError("EINVAL", `${key} must be a string array`);
  return names;
}

/** What `read` gives; its error as one of the configuration. */
function refusing<T>(subject: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new FluxError("EINVAL", `${subject}: ${FluxError.from(error).message}`, { cause: error });
  }
}
