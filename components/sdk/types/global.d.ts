// HTML Standard, sections 8.1 (reportError), 8.6 (timers), 8.7 (microtasks), 2.7 (structured clone), 8.9 (navigator);
// High Resolution Time. The clock stands still between messages; timers return numbers.

declare var self: typeof globalThis;
declare var navigator: Readonly<{ userAgent: "Warder" }>;

interface Performance extends EventTarget {
  readonly timeOrigin: number;
  now(): number;
  toJSON(): { timeOrigin: number };
}
declare var Performance: { prototype: Performance };
declare var performance: Performance;

declare function setTimeout<T extends any[]>(handler: (...args: T) => void, timeout?: number, ...args: T): number;
declare function setInterval<T extends any[]>(handler: (...args: T) => void, timeout?: number, ...args: T): number;
declare function clearTimeout(id: number | undefined): void;
declare function clearInterval(id: number | undefined): void;
declare function queueMicrotask(callback: () => void): void;
declare function reportError(error: any): void;
declare function structuredClone<T>(value: T, options?: { transfer?: ArrayBuffer[] }): T;

interface GlobalEventHandlersEventMap { error: ErrorEvent; unhandledrejection: PromiseRejectionEvent; rejectionhandled: PromiseRejectionEvent; }
declare function addEventListener<K extends keyof GlobalEventHandlersEventMap>(
  type: K, listener: (event: GlobalEventHandlersEventMap[K]) => void, options?: AddEventListenerOptions | boolean): void;
declare function addEventListener(type: string, listener: EventListenerOrEventListenerObject | null, options?: AddEventListenerOptions | boolean): void;
declare function removeEventListener(type: string, listener: ((event: any) => void) | EventListenerObject | null, options?: EventListenerOptions | boolean): void;
declare function dispatchEvent(event: Event): boolean;
declare var onerror: ((message: string | Event, source?: string, line?: number, column?: number, error?: any) => any) | null;
declare var onunhandledrejection: ((event: PromiseRejectionEvent) => void) | null;
declare var onrejectionhandled: ((event: PromiseRejectionEvent) => void) | null;
