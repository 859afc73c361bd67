// Fetch, section 5.3: the method formData of bodies.
import { decodeUtf8 } from "./utf8.js";
import { makeFormData } from "./form_data.js";
import { mimeTypeOf } from "./mime.js";
import { MAX_ENTRIES, readMultipart } from "./multipart.js";
import { indexOf, mapGet } from "./primordials.js";
import { parseQuery } from "./url_text.js";

/** @param {{ holder: import("./body.js").BodyHolder, headers: Headers }} state */
export async function readFormData(state) {
  const bytes = await state.holder.read();
  const type = mimeTypeOf(state.headers);
  if (type?.essence === "multipart/form-data") {
    return makeFormData(readMultipart(bytes, mapGet(type.parameters, "boundary")));
  }
  if (type?.essence === "application/x-www-form-urlencoded") {
    const text = decodeUtf8(bytes);
    let separators = 0;
    for (let at = -1; (at = indexOf(text, "&", at + 1)) >= 0;) {
      if (++separators >= MAX_ENTRIES) throw new TypeError(`the body has more than ${MAX_ENTRIES} entries`);
    }
    return makeFormData(parseQuery(text));
  }
  throw new TypeError(`the body is no form: its type is ${type ? type.essence : "not known"}`);
}
