import { FluxError } from "../base/index.ts";
import type { Log } from "../client/index.ts";
import type { JsonObject } from "../json/index.ts";
import { Role, USERID_UNKNOWN } from "../message/index.ts";
import { DebugFlags } from "../methods/index.ts";
import type { NameDatabase } from "./access-names.ts";
import { type AccessDefaults, type AccessTable, parseAccess, type RoleRule } from "./access-table.ts";
import { type Admission, admitByPolicy } from "./admission-policy.ts";
import type { ModuleConfig } from "./module-loader.ts";

/** Debug bits of connector-local, each for one connection. */
const DEBUG_REFUSE = 1;
const DEBUG_OWNER_AS_GUEST = 4;

export interface AccessControlOptions {
  /** User id of the instance owner. */
  readonly owner: number;
  /** What holds for keys that the configuration lacks. */
  readonly defaults: AccessDefaults;
  readonly names: NameDatabase;
  readonly log: Log;
}

/**
 * Decides who may connect, and with which roles, by the table `[access]` that holds at that moment: connections that are there keep theirs.
 *
 * Only guests can have further roles, so only they wait for the databases of users and groups, and only where roles are configured. A name
 * that is not there or can't be looked up gives nobody a role. Source: RFC 12; client_authenticate and roleconf_match in flux-core.
 */
export class AccessControl {
  /** The debug bits: 1 refuses the next connection, 4 makes the owner's next one a guest's, of nobody. */
  readonly debug = new DebugFlags();
  readonly #options: AccessControlOptions;
  #table: AccessTable;

  constructor(options: AccessControlOptions) {
    this.#options = options;
    this.#table = parseAccess({}, options.defaults);
  }

  /** What holds for the next connection. */
  get table(): AccessTable {
    return this.#table;
  }

  /** Takes the table `[access]` of a configuration, and logs what matters. Throws EINVAL as parseAccess does; then nothing changes. */
  configure(config: JsonObject): void {
    const { defaults, log } = this.#options;
    this.#table = parseAccess(config, defaults);
    log("debug", `allow-guest-user=${this.#table.allowGuests}`);
    log("debug", `allow-root-owner=${this.#table.allowRootOwner}`);
  }

  /** Takes the configuration that holds, and each further one, until the returned function is called. Throws as `configure` does. */
  follow(config: ModuleConfig): () => void {
    this.configure(config.current);
    return config.listen("connector-local", async (changed) => this.configure(changed));
  }

  /** The credential for a connection of user `userid`, at once unless names have to be looked up. */
  admit(userid: number): Admission | Promise<Admission> {
    const { debug } = this;
    if (debug.test(DEBUG_REFUSE, true)) return `connect by uid=${userid} denied by debug flag`;
    const table = this.#table;
    const credential = admitByPolicy(userid, { owner: this.#options.owner, ...table });
    if (typeof credential === "string") return credential;
    if ((credential.rolemask & Role.OWNER) !== 0) {
      return debug.test(DEBUG_OWNER_AS_GUEST, true)
        ? { userid: USERID_UNKNOWN, rolemask: Role.USER }
        : credential;
    }
    if (table.roles.length === 0) return credential;
    return this.#rolesOf(userid, table.roles).then((roles) => ({
      userid,
      rolemask: credential.rolemask | roles,
    }));
  }

  async #rolesOf(userid: number, rules: readonly RoleRule[]): Promise<number> {
    const given = await Promise.all(
      rules.map(async (rule) => ((await this.#matches(userid, rule)) ? rule.role : 0)),
    );
    return given.reduce((mask, role) => mask | role, 0);
  }

  async #matches(userid: number, { users, groups }: RoleRule): Promise<boolean> {
    const { names } = this.#options;
    for (const user of users) {
      if ((await this.#known("user", user, userid, names.useridOf(user))) === userid) return true;
    }
    if (groups.length === 0) return false;
    const name = await this.#tried(`user ${userid}`, userid, names.nameOf(userid));
    if (name === undefined) return false;
    for (const group of groups) {
      if ((await this.#known("group", group, userid, names.membersOf(group)))?.has(name) === true)
        return true;
    }
    return false;
  }

  /** An answer about a name of the configuration; that it is not there is logged. */
  async #known<T>(
    kind: string,
    name: string,
    userid: number,
    answer: Promise<T | undefined>,
  ): Promise<T | undefined> {
    const unknown = (): undefined => this.#warn(`ignoring unknown ${kind} '${name}'`, userid);
    return this.#tried(
      `${kind} '${name}'`,
      userid,
      answer.then((found) => found ?? unknown()),
    );
  }

  async #tried<T>(subject: string, userid: number, answer: Promise<T | undefined>): Promise<T | undefined> {
    try {
      return await answer;
    } catch (error) {
      return this.#warn(`lookup of ${subject} failed: ${FluxError.from(error).message}`, userid);
    }
  }

  /** Each connection of a guest may cause it. */
  #warn(text: string, userid: number): undefined {
    this.#options.log("warning", `[access.roles] ${text}`, { kind: "roles not found", userid });
  }
}
