import { Received } from "./received.ts";

/** A successful response to a request. */
export class Response extends Received {}
