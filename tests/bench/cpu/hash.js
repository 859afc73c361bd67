// SHA-256 as a library in plain JavaScript computes it.
function work() {
  const constants = new Uint32Array(64);
  const start = new Uint32Array(8);
  for (let n = 2, found = 0; found < 64; ++n) {
    let prime = true;
    for (let d = 2; d * d <= n && prime; ++d) prime = n % d !== 0;
    if (!prime) continue;
    if (found < 8) start[found] = (Math.sqrt(n) % 1) * 4294967296;
    constants[found++] = (Math.cbrt(n) % 1) * 4294967296;
  }
  const words = new Uint32Array(64);
  const rotate = (x, n) => (x >>> n) | (x << (32 - n));
  const block = (state, bytes, at) => {
    for (let i = 0; i < 16; ++i, at += 4) {
      words[i] = (bytes[at] << 24) | (bytes[at + 1] << 16) | (bytes[at + 2] << 8) | bytes[at + 3];
    }
    for (let i = 16; i < 64; ++i) {
      const a = words[i - 15], b = words[i - 2];
      words[i] = words[i - 16] + (rotate(a, 7) ^ rotate(a, 18) ^ (a >>> 3)) + words[i - 7] + (rotate(b, 17) ^ rotate(b, 19) ^ (b >>> 10));
    }
    let [a, b, c, d, e, f, g, h] = state;
    for (let i = 0; i < 64; ++i) {
      const t1 = (h + (rotate(e, 6) ^ rotate(e, 11) ^ rotate(e, 25)) + ((e & f) ^ (~e & g)) + constants[i] + words[i]) | 0;
      const t2 = ((rotate(a, 2) ^ rotate(a, 13) ^ rotate(a, 22)) + ((a & b) ^ (a & c) ^ (b & c))) | 0;
      h = g; g = f; f = e; e = (d + t1) | 0; d = c; c = b; b = a; a = (t1 + t2) | 0;
    }
    state[0] += a; state[1] += b; state[2] += c; state[3] += d; state[4] += e; state[5] += f; state[6] += g; state[7] += h;
  };
  const bytes = new Uint8Array(1 << 20).map((_, i) => i * 31);
  const state = start.slice();
  for (let round = 0; round < 24; ++round) {
    for (let at = 0; at < bytes.length; at += 64) block(state, bytes, at);
  }
  return state[0];
}
