/** The constants of the manual, under their names and with their numbers. Source: message.h, rpc.h and handle.h of flux-core; syslog(3). */
import {
  MATCHTAG_NONE,
  MessageFlag,
  MessageType,
  NODEID_ANY,
  NODEID_UPSTREAM,
  Role,
  USERID_UNKNOWN,
} from "../message/index.ts";

export const FLUX_MSGTYPE_REQUEST = MessageType.REQUEST;
export const FLUX_MSGTYPE_RESPONSE = MessageType.RESPONSE;
export const FLUX_MSGTYPE_EVENT = MessageType.EVENT;
export const FLUX_MSGTYPE_CONTROL = MessageType.CONTROL;
export const FLUX_MSGTYPE_ANY = 0x0f;
export const FLUX_MSGTYPE_MASK = 0x0f;

export const FLUX_MSGFLAG_TOPIC = MessageFlag.TOPIC;
export const FLUX_MSGFLAG_PAYLOAD = MessageFlag.PAYLOAD;
export const FLUX_MSGFLAG_NORESPONSE = MessageFlag.NORESPONSE;
export const FLUX_MSGFLAG_ROUTE = MessageFlag.ROUTE;
export const FLUX_MSGFLAG_UPSTREAM = MessageFlag.UPSTREAM;
export const FLUX_MSGFLAG_PRIVATE = MessageFlag.PRIVATE;
export const FLUX_MSGFLAG_STREAMING = MessageFlag.STREAMING;
export const FLUX_MSGFLAG_USER1 = MessageFlag.USER1;

export const FLUX_NODEID_ANY = NODEID_ANY;
export const FLUX_NODEID_UPSTREAM = NODEID_UPSTREAM;
export const FLUX_MATCHTAG_NONE = MATCHTAG_NONE;
export const FLUX_USERID_UNKNOWN = USERID_UNKNOWN;

export const FLUX_ROLE_NONE = Role.NONE;
export const FLUX_ROLE_OWNER = Role.OWNER;
export const FLUX_ROLE_USER = Role.USER;
export const FLUX_ROLE_LOCAL = Role.LOCAL;
export const FLUX_ROLE_ADMIN = Role.ADMIN;
export const FLUX_ROLE_ALL = Role.ALL;

export const FLUX_RPC_NORESPONSE = 1;
export const FLUX_RPC_STREAMING = 2;

export const FLUX_O_TRACE = 1;
export const FLUX_O_NONBLOCK = 4;
export const FLUX_O_MATCHDEBUG = 8;
export const FLUX_O_TEST_NOSUB = 16;
export const FLUX_O_RPCTRACK = 32;

export const FLUX_RQ_HEAD = 1;
export const FLUX_RQ_TAIL = 2;

export const LOG_EMERG = 0;
export const LOG_ALERT = 1;
export const LOG_CRIT = 2;
export const LOG_ERR = 3;
export const LOG_WARNING = 4;
export const LOG_NOTICE = 5;
export const LOG_INFO = 6;
export const LOG_DEBUG = 7;
