// Web IDL, section 2.8.1: DOMException.
import { defineConstants, defineInterfaces } from "./install.js";
import { defineProperty, getOwnPropertyDescriptor } from "./primordials.js";

const CODES = {
  __proto__: null,
  IndexSizeError: 1, HierarchyRequestError: 3, WrongDocumentError: 4, InvalidCharacterError: 5,
  NoModificationAllowedError: 7, NotFoundError: 8, NotSupportedError: 9, InUseAttributeError: 10, InvalidStateError: 11,
  SyntaxError: 12, InvalidModificationError: 13, NamespaceError: 14, InvalidAccessError: 15, TypeMismatchError: 17,
  SecurityError: 18, NetworkError: 19, AbortError: 20, URLMismatchError: 21, QuotaExceededError: 22, TimeoutError: 23,
  InvalidNodeTypeError: 24, DataCloneError: 25,
};

let read, copy;

export class DOMException extends Error {
  #name;
  #message;

  static {
    read = (value) => (#name in value ? { name: value.#name, message: value.#message } : undefined);
    copy = (value) => {
      if (!(#name in value)) return undefined;
      const made = new DOMException(value.#message, value.#name);
      // Section 2.8.1: the stack goes with it.
      const stack = getOwnPropertyDescriptor(value, "stack");
      if (typeof stack?.value === "string") {
        defineProperty(made, "stack", { __proto__: null, value: stack.value, writable: true, configurable: true });
      }
      return made;
    };
  }

  /** @param {string} [message] @param {string | { name?: string, cause?: unknown }} [options] */
  constructor(message = "", options = "Error") {
    super(`${message}`);
    this.#message = this.message;
    delete this.message;  // V8 has it in the stack's first line; to scripts it is the prototype's
    const named = typeof options === "object" && options !== null;
    this.#name = `${named ? options.name ?? "Error" : options}`;
    if (named && "cause" in options) {
      defineProperty(this, "cause", {
        __proto__: null, value: options.cause, writable: true, enumerable: false, configurable: true,
      });
    }
  }

  get name() { return this.#name; }
  get message() { return this.#message; }
  get code() { return CODES[this.#name] ?? 0; }
}

defineInterfaces({ DOMException });
defineConstants(DOMException, {
  INDEX_SIZE_ERR: 1, DOMSTRING_SIZE_ERR: 2, HIERARCHY_REQUEST_ERR: 3, WRONG_DOCUMENT_ERR: 4, INVALID_CHARACTER_ERR: 5,
  NO_DATA_ALLOWED_ERR: 6, NO_MODIFICATION_ALLOWED_ERR: 7, NOT_FOUND_ERR: 8, NOT_SUPPORTED_ERR: 9,
  INUSE_ATTRIBUTE_ERR: 10, INVALID_STATE_ERR: 11, SYNTAX_ERR: 12, INVALID_MODIFICATION_ERR: 13, NAMESPACE_ERR: 14,
  INVALID_ACCESS_ERR: 15, VALIDATION_ERR: 16, TYPE_MISMATCH_ERR: 17, SECURITY_ERR: 18, NETWORK_ERR: 19, ABORT_ERR: 20,
  URL_MISMATCH_ERR: 21, QUOTA_EXCEEDED_ERR: 22, TIMEOUT_ERR: 23, INVALID_NODE_TYPE_ERR: 24, DATA_CLONE_ERR: 25,
});

/** What a DOMException says, whatever became of its prototype. @type {(value: object) => { name: string, message: string } | undefined} */
export const readDOMException = read;
/** HTML, section 2.7: for structuredClone. @type {(value: object) => DOMException | undefined} */
export const copyDOMException = copy;
