// META: title=All pointers of the multi-byte indexes
// META: script=/encoding/legacy-mb-japanese/euc-jp/jis0208_index.js
// META: script=/encoding/legacy-mb-japanese/euc-jp/jis0212_index.js
// META: script=/encoding/legacy-mb-korean/euc-kr/euckr_index.js
// META: script=/encoding/legacy-mb-tchinese/big5/big5_index.js

// web-platform-tests compare these indexes with what pages in frames decode to. This asks TextDecoder.

// Four pointers of Big5 stand for two code points, and a part of Shift_JIS for private use, beside the index.
const special = { __proto__: null, 1133: "\u00CA\u0304", 1135: "\u00CA\u030C", 1164: "\u00EA\u0304", 1166: "\u00EA\u030C" };

function check(encoding, index, bytesOf, expectedOf = (point) => point) {
  test(() => {
    const decoder = new TextDecoder(encoding, { fatal: true });
    const decode = (bytes) => {
      try {
        return decoder.decode(Uint8Array.from(bytes));
      } catch {
        return "";
      }
    };
    const wrong = [];
    for (let pointer = 0; pointer < index.length; ++pointer) {
      const bytes = bytesOf(pointer);
      if (bytes === undefined) continue;
      const point = expectedOf(index[pointer], pointer);
      const expected = typeof point === "string" ? point : point === null ? "" : String.fromCodePoint(point);
      if (decode(bytes) !== expected) wrong.push(pointer);
    }
    assert_equals(wrong.join(), "");
  }, `${encoding}: ${index.length} pointers`);
}

const twoBytes = (low, leads, trails) => (pointer) => {
  const lead = Math.floor(pointer / trails);
  return lead < leads ? [lead + low, pointer % trails + low] : undefined;
};

check("euc-jp", jis0208, twoBytes(0xA1, 94, 94));
check("euc-jp", jis0212, (pointer) => [0x8F, Math.floor(pointer / 94) + 0xA1, pointer % 94 + 0xA1]);
check("iso-2022-jp", jis0208, (pointer) => {
  const bytes = twoBytes(0x21, 94, 94)(pointer);
  return bytes && [0x1B, 0x24, 0x42, ...bytes];
});
check("shift_jis", jis0208, (pointer) => {
  const lead = Math.floor(pointer / 188);
  const trail = pointer % 188;
  return [lead + (lead < 0x1F ? 0x81 : 0xC1), trail + (trail < 0x3F ? 0x40 : 0x41)];
}, (point, pointer) => (pointer >= 8836 && pointer <= 10715 ? 0xE000 - 8836 + pointer : point));
check("euc-kr", euckr, (pointer) => [Math.floor(pointer / 190) + 0x81, pointer % 190 + 0x41]);
check("big5", big5, (pointer) => {
  const trail = pointer % 157;
  return [Math.floor(pointer / 157) + 0x81, trail + (trail < 0x3F ? 0x40 : 0x62)];
}, (point, pointer) => special[pointer] ?? point);
