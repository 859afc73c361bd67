// Web IDL, section 2.8.1: DOMException.
import { defineConstants, defineInterfaces, defineSerializable } from "./install.js";
import { interfaces } from "./late.js";
import { construct, defineProperty, getOwnPropertyDescriptor, setPrototypeOf } from "./primordials.js";

const CODES = {
  __proto__: null,
  IndexSizeError: 1, HierarchyRequestError: 3, WrongDocumentError: 4, InvalidCharacterError: 5,
  NoModificationAllowedError: 7, NotFoundError: 8, NotSupportedError: 9, InUseAttributeError: 10, InvalidStateError: 11,
  SyntaxError: 12, InvalidModificationError: 13, NamespaceError: 14, InvalidAccessError: 15, TypeMismatchError: 17,
  SecurityError: 18, NetworkError: 19, AbortError: 20, URLMismatchError: 21, QuotaExceededError: 22, TimeoutError: 23,
  InvalidNodeTypeError: 24, DataCloneError: 25,
};

class Identity {
  constructor(object) { return object; }
}

/** What makes an error a DOMException: private fields that are put onto it. */
class Exception extends Identity {
  #name;
  #message;

  /** @param {Error} error @param {string} name @param {string} message */
  constructor(error, name, message) {
    super(error);
    this.#name = name;
    this.#message = message;
  }

  static is(value) { return #name in value; }
  static nameOf(error) { return error.#name; }
  static messageOf(error) { return error.#message; }
}
const { is, nameOf, messageOf } = Exception;

// An Error, for its stack; but the interface inherits from Error.prototype alone, not from Error.
export class DOMException {
  /** @param {string} [message] @param {string | { name?: string, cause?: unknown }} [options] */
  constructor(message = "", options = "Error") {
    const text = `${message}`;
    const error = construct(Error, [text], new.target);
    delete error.message;  // V8 has it in the stack's first line; to scripts it is the prototype's
    const named = typeof options === "object" && options !== null;
    new Exception(error, `${named ? options.name ?? "Error" : options}`, text);
    if (named && "cause" in options) {
      defineProperty(error, "cause", {
        __proto__: null, value: options.cause, writable: true, enumerable: false, configurable: true,
      });
    }
    return error;
  }

  get name() { return nameOf(this); }
  get message() { return messageOf(this); }
  get code() { return CODES[nameOf(this)] ?? 0; }
}
setPrototypeOf(DOMException.prototype, Error.prototype);

defineInterfaces({ DOMException });
defineConstants(DOMException, {
  INDEX_SIZE_ERR: 1, DOMSTRING_SIZE_ERR: 2, HIERARCHY_REQUEST_ERR: 3, WRONG_DOCUMENT_ERR: 4, INVALID_CHARACTER_ERR: 5,
  NO_DATA_ALLOWED_ERR: 6, NO_MODIFICATION_ALLOWED_ERR: 7, NOT_FOUND_ERR: 8, NOT_SUPPORTED_ERR: 9,
  INUSE_ATTRIBUTE_ERR: 10, INVALID_STATE_ERR: 11, SYNTAX_ERR: 12, INVALID_MODIFICATION_ERR: 13, NAMESPACE_ERR: 14,
  INVALID_ACCESS_ERR: 15, VALIDATION_ERR: 16, TYPE_MISMATCH_ERR: 17, SECURITY_ERR: 18, NETWORK_ERR: 19, ABORT_ERR: 20,
  URL_MISMATCH_ERR: 21, QUOTA_EXCEEDED_ERR: 22, TIMEOUT_ERR: 23, INVALID_NODE_TYPE_ERR: 24, DATA_CLONE_ERR: 25,
});

/** What a DOMException says, whatever became of its prototype. @param {object} value */
interfaces.readDOMException = (value) => (is(value) ? { name: nameOf(value), message: messageOf(value) } : undefined);

/** HTML, section 2.7: for structuredClone; the stack goes with it. @param {object} value */
function copyDOMException(value) {
  if (!is(value)) return undefined;
  const copy = new DOMException(messageOf(value), nameOf(value));
  const stack = getOwnPropertyDescriptor(value, "stack")?.value;
  if (typeof stack === "string") {
    defineProperty(copy, "stack", {
      __proto__: null, value: stack, writable: true, enumerable: false, configurable: true,
    });
  }
  return copy;
}

defineSerializable(DOMException, copyDOMException);
