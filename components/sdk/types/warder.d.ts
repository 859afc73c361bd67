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

  /** Milliseconds, or "500ms", "30s", "5m", "2h", "1d". */
  export type Duration = number | `${number}${"ms" | "s" | "m" | "h" | "d"}`;

  // ---- Inputs: what actions, events and configurations hold (docs/authoring.md) ----

  interface Described { label?: string; description?: string; }
  interface Given<Value> extends Described {
    required?: boolean;
    default?: Value;
    /** Turns what is given into what it should be, before it is checked. */
    clean?: (value: any) => unknown;
  }
  export interface StringInput extends Given<string> { type: "string"; choices?: readonly string[]; minimum?: number; maximum?: number; }
  export interface NumberInput extends Given<number> { type: "number"; integer?: boolean; choices?: readonly number[]; minimum?: number; maximum?: number; }
  export interface BooleanInput extends Given<boolean> { type: "boolean"; }
  export interface ObjectInput extends Given<object> { type: "object"; fields?: Inputs; }
  export interface ListInput extends Given<readonly Json[]> { type: "list"; items?: Input; minimum?: number; maximum?: number; }
  export interface MapInput extends Given<object> { type: "map"; items?: Input; }
  export interface AnyInput extends Given<Json> { type: "any"; }
  export interface ConnectionInput extends Described { type: "connection"; required?: boolean; /** "component.connection" */ connection?: string; }
  export type Input = StringInput | NumberInput | BooleanInput | ObjectInput | ListInput | MapInput | AnyInput | ConnectionInput;
  export interface Inputs { readonly [name: string]: Input; }

  type ValueOf<I> = I extends { type: "string" | "number"; choices: readonly (infer Choice)[] } ? Choice
    : I extends { type: "string" } ? string
    : I extends { type: "number" } ? number
    : I extends { type: "boolean" } ? boolean
    : I extends { type: "object"; fields: infer Fields extends Inputs } ? Values<Fields>
    : I extends { type: "list"; items: infer Item } ? ValueOf<Item>[]
    : I extends { type: "map"; items: infer Item } ? Record<string, ValueOf<Item>>
    : I extends { type: "list" } ? unknown[]
    : I extends { type: "object" | "map" } ? Record<string, unknown>
    : I extends { type: "connection" } ? Connection
    : any;
  type Sure = { required: true } | { default: string | number | boolean | object };
  type Merge<T> = { [K in keyof T]: T[K] };
  /** What declared inputs are read as: those that are required, or have a default, are always there. */
  export type Values<I extends Inputs> = Merge<
    { -readonly [K in keyof I as I[K] extends Sure ? K : never]: ValueOf<I[K]> } &
    { -readonly [K in keyof I as I[K] extends Sure ? never : K]?: ValueOf<I[K]> }>;
  type Raw<I> = I extends { clean: Function } ? unknown : ValueOf<I>;
  /** What declared inputs may be given. */
  export type Params<I extends Inputs> = Merge<
    { [K in keyof I as I[K] extends { required: true } ? K : never]: Raw<I[K]> } &
    { [K in keyof I as I[K] extends { required: true } ? never : K]?: Raw<I[K]> | null }>;

  // ---- Declarations ----

  export interface Retry {
    /** 1 to 20. */
    maxAttempts: number;
    /** "1s" unless told. */
    delay?: Duration;
    maxDelay?: Duration;
    backoff?: "fixed" | "linear" | "exponential";
    /** Waits a half to the whole of the delay; true unless told. */
    jitter?: boolean;
  }

  type Method = "GET" | "HEAD" | "POST" | "PUT" | "PATCH" | "DELETE" | "OPTIONS";
  interface Reach extends Described {
    /** Exact origins, such as "https://api.acme.test". */
    origins: readonly string[];
    /** Any, unless told. */
    methods?: readonly Method[];
  }
  export interface ConnectionKind { readonly kind: string; }
  export function oauth2(definition: Reach & {
    grant?: "authorization-code" | "client-credentials" | "device" | "jwt-bearer";
    authorizeUrl?: string;
    tokenUrl: string;
    revokeUrl?: string;
    scopes?: readonly string[];
  }): ConnectionKind;
  export function apiKey(definition: Reach & { prefix?: string } & ({ header: string } | { query: string })): ConnectionKind;
  export function basic(definition: Reach): ConnectionKind;
  export function custom(definition: Reach & { fields: { readonly [name: string]: Described } }): ConnectionKind;

  export interface Action<I extends Inputs = Inputs, Data = any> extends Described { readonly inputs: I; readonly data?: Data; }
  type Result<Data> = { data: Data } | Promise<{ data: Data }>;
  export function action<const I extends Inputs = {}, Data = void>(definition: Described & {
    label: string;
    inputs?: I;
    /** Doing it twice is as good as once. */
    idempotent?: boolean;
    retry?: Retry;
    perform: (context: Context, params: Values<I>) => Result<Data> | void | Promise<void>;
  }): Action<I, Data>;

  export interface Component<Actions = { readonly [name: string]: Action<any, any> }> {
    readonly key: string;
    readonly label: string;
    readonly actions: Actions;
    readonly connections: { readonly [name: string]: ConnectionKind };
  }
  export function component<const Actions extends { readonly [name: string]: Action<any, any> } = {}>(definition: Described & {
    /** Words of a-z and 0-9 joined by "-". */
    key: string;
    label: string;
    connections?: { readonly [name: string]: ConnectionKind };
    actions?: Actions;
    /** What its actions throw; an error that it returns takes the place. */
    onError?: (error: any, about: { action: string; attempt: number }) => unknown;
  }): Component<Actions>;

  export interface Trigger { readonly kind: string; }
  export function webhook(definition: {
    verify: { scheme: "none" }
      | { scheme: "standard-webhooks" | "github" | "stripe" | "slack" | "shopify"; /** Its name: the platform holds it. */ secret: string }
      | { scheme: "hmac"; secret: string; header: string; algorithm?: "sha1" | "sha256" | "sha512"; encoding?: "hex" | "base64"; prefix?: string };
    methods?: readonly Method[];
    /** The flow answers with context.respond. */
    respond?: boolean;
  }): Trigger;
  export function schedule(definition: { cron: string; timezone?: string } | { every: Duration }): Trigger;
  export function poll(definition: { every: Duration }): Trigger;
  export function manual(): Trigger;

  // ---- What a flow is given ----

  export interface StepOptions { retry?: Retry; }

  /** Values by their keys (at most 256 bytes); a value is JSON of at most 64 KB. */
  export interface StateScope {
    /** Undefined where there is nothing. */
    get<Value extends Json = any>(key: string): Promise<Value | undefined>;
    set(key: string, value: Json): Promise<void>;
    /**
     * Gives `change` what is there, and keeps what it returns at once. Where another execution commits the key first,
     * `change` is called again on what that one left: it must do nothing else.
     */
    update<Value extends Json = any>(key: string, change: (value: Value | undefined) => Value): Promise<Value>;
    delete(key: string): Promise<void>;
  }
  /** What is remembered. Changes are committed when the flow succeeds, or by `commit`. */
  export interface State {
    /** Of this flow, in this instance. */
    readonly flow: StateScope;
    /** Of all flows of this instance. */
    readonly instance: StateScope;
    /** Of everything that the tenant has: other instances and other integrations too. */
    readonly crossFlow: StateScope;
    /** Of this execution, and gone with it. */
    readonly execution: StateScope;
    /** Commits all changes so far, at once and all of them; they stay whatever becomes of the execution. */
    commit(): Promise<void>;
  }
  export interface Context<Config = any> {
    readonly executionId: string;
    readonly tenant: string;
    readonly config: Config;
    readonly connections: Readonly<Record<string, Connection>>;
    readonly log: Log;
    /** Does an action, as a step of this name. */
    step<I extends Inputs, Data>(name: string, action: Action<I, Data>, params: Params<I>, options?: StepOptions): Promise<{ data: Data }>;
    step<Value>(name: string, work: (attempt: { attempt: number }) => Value | Promise<Value>, options?: StepOptions): Promise<Value>;
    /** Another flow of the integration, in the same execution, as a step. */
    invokeFlow(key: string, event?: unknown): Promise<FlowResult>;
    sleep(delay: Duration): Promise<void>;
    /** An error to be thrown. `retry`: false where none can help, or true, or when. */
    error(code: string, message: string, options?: { retry?: boolean | Duration; cause?: unknown }): Error & { code: string };
    readonly state: State;
    /** The same for the same label in the same step of the same execution, also in another attempt, and for nothing else. */
    idempotencyKey(label?: string): string;
    /** The answer to the webhook that started the flow, once. */
    respond(response: { status?: number; headers?: Record<string, string>; body?: unknown }): void;
    /** The items of all pages of a listing. */
    paginate<Item, Cursor = any>(
      fetchPage: (page: { cursor: Cursor | undefined; page: number }) => Promise<{ items: readonly Item[]; next?: Cursor | null }>,
      options?: { cursor?: Cursor; maxPages?: number }): AsyncGenerator<Item, void, void>;
    /** Gives `work` all items, `size` at a time (100), `concurrency` of them under way (1). */
    batch<Item, Value>(items: Iterable<Item> | AsyncIterable<Item>, work: (items: Item[], index: number) => Value | Promise<Value>,
      options?: { size?: number; concurrency?: number }): Promise<Value[]>;
  }

  export interface FlowResult { data?: unknown; }

  export interface FlowDefinition<Event = any, Config = any> {
    readonly name: string;
    /** Words of a-z and 0-9 joined by "-". */
    readonly key: string;
    readonly description?: string;
    readonly trigger?: Trigger;
    readonly retry?: Retry;
    /** By the names of `warder policy`: a number, or "60s", "64MB". */
    readonly limits?: Readonly<Record<string, number | string>>;
    /** Asks for its JavaScript to be compiled. Where the platform does not grant that, it is interpreted: the same, slower. */
    readonly jit?: boolean;
    /** What `run` threw; where it returns a result, the flow succeeds with that. */
    readonly onError?: (context: Context<Config>, error: any) => FlowResult | void | Promise<FlowResult | void>;
    readonly run: (context: Context<Config>, event: Event) => FlowResult | Promise<FlowResult>;
  }
  export interface Flow { readonly name: string; readonly key: string; }
  export function flow<const I extends Inputs, Config = any>(
    definition: FlowDefinition<Values<I>, Config> & { readonly inputs: I }): Flow;
  export function flow<Event = any, Config = any>(definition: FlowDefinition<Event, Config> & { readonly inputs?: undefined }): Flow;

  export interface Integration { readonly name: string; readonly version: string; }
  /** What a bundle exports as default. */
  export function integration(definition: {
    readonly name: string;
    readonly version: string;
    readonly description?: string;
    readonly components?: readonly Component<any>[];
    readonly config?: Inputs;
    readonly flows: readonly Flow[];
  }): Integration;
}
