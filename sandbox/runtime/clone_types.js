// HTML, section 2.7.1: serializable objects. An interface's prototype carries, where no script can see it, how one of
// its objects is copied; see natives_clone.cc.
const { defineClone } = host;

/**
 * Makes the objects of an interface serializable; after defineInterfaces.
 * @param {Function} constructor
 * @param {(object: object) => object | undefined} copy undefined: it is no object of the interface, only looks like one
 */
export function defineSerializable(constructor, copy) { defineClone(constructor.prototype, copy); }
