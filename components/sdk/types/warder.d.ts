// The module that authors write integrations with.

declare module "warder" {
  /** A value that JSON can hold. */
  export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

  /** Writes to the execution's log. */
  export interface Log {
    debug(message: string, fields?: object): void;
    info(message: string, fields?: object): void;
    warn(message: string, fields?: object): void;
    error(message: string, fields?: object): void;
  }

  /** A credential that the script uses and never has. */
  export interface Connection {
    readonly name: string;
    /** What the paths given to `fetch` are relative to. */
    readonly origin: string;
    /** A placeholder for each field, for an SDK that wants a key; the broker puts the key in its place on the wire. */
    readonly fields: Readonly<Record<string, string>>;
    /** As the global `fetch`; the broker puts the credential in. */
    fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response>;
  }

  export interface Context<Config = any> {
    readonly executionId: string;
    readonly tenant: string;
    readonly config: Config;
    readonly connections: Readonly<Record<string, Connection>>;
    readonly log: Log;
  }

  export interface FlowResult { data?: unknown; }

  export interface Flow<Event = any, Config = any> {
    readonly name: string;
    /** Words of a-z and 0-9 joined by "-". */
    readonly key: string;
    readonly run: (context: Context<Config>, event: Event) => FlowResult | Promise<FlowResult>;
  }

  export interface Integration {
    readonly name: string;
    readonly version: string;
    readonly flows: readonly Flow[];
  }

  export function flow<Event = any, Config = any>(definition: Flow<Event, Config>): Flow<Event, Config>;
  /** What a bundle exports as default. */
  export function integration(definition: Integration): Integration;
}
