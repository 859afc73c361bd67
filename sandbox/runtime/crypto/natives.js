// The natives of crypto.subtle: see sandbox/cell/natives_crypto.cc. They are made when this module is first loaded.

/** @typedef {object} Handle A key; nothing can be done with it but giving it back. */
/**
 * Where the result can be undefined, OpenSSL has refused.
 * @typedef {{
 *   isBufferSource(value: unknown): value is BufferSource,
 *   copy(bytes: BufferSource): Uint8Array,
 *   digest(hash: number, data: BufferSource): ArrayBuffer | undefined,
 *   secretKey(bytes: BufferSource): Handle,
 *   generateSecret(bytes: number): Handle | undefined,
 *   secretBytes(key: Handle): ArrayBuffer,
 *   secretLength(key: Handle): number,
 *   importSecret(text: string): Handle | undefined,
 *   exportSecret(key: Handle): string,
 *   hmac(key: Handle, hash: number, data: BufferSource): ArrayBuffer | undefined,
 *   equal(a: BufferSource, b: BufferSource): boolean,
 *   aes(key: Handle, mode: number, encrypt: boolean, iv: BufferSource | undefined, additional: BufferSource | undefined,
 *     number: number, data: BufferSource): ArrayBuffer | undefined,
 *   hkdf(key: Handle, hash: number, salt: BufferSource, info: BufferSource, bytes: number): ArrayBuffer | undefined,
 *   pbkdf2(key: Handle, hash: number, salt: BufferSource, iterations: number, bytes: number): ArrayBuffer | undefined,
 *   generateRsa(bits: number, exponent: Uint8Array): [Handle, Handle] | undefined,
 *   generatePair(family: number): [Handle, Handle] | undefined,
 *   sign(key: Handle, scheme: number, hash: number, saltBytes: number, data: BufferSource): ArrayBuffer | undefined,
 *   verify(key: Handle, scheme: number, hash: number, saltBytes: number, signature: BufferSource,
 *     data: BufferSource): boolean,
 *   oaep(key: Handle, encrypt: boolean, hash: number, label: BufferSource | undefined,
 *     data: BufferSource): ArrayBuffer | undefined,
 *   agree(privateKey: Handle, publicKey: Handle, bits: number | undefined): ArrayBuffer | undefined,
 *   importDer(family: number, isPrivate: boolean, der: BufferSource): Handle | undefined,
 *   exportDer(key: Handle, isPrivate: boolean): ArrayBuffer | undefined,
 *   importRaw(family: number, bytes: BufferSource): Handle | undefined,
 *   exportRaw(key: Handle): ArrayBuffer | undefined,
 *   importParts(family: number, parts: string[]): Handle | undefined,
 *   exportParts(key: Handle, isPrivate: boolean): string[] | undefined,
 *   modulus(key: Handle): [bits: number, exponent: Uint8Array],
 * }} CryptoNatives
 */

/** @type {CryptoNatives} */
export const natives = host.crypto();

// As in sandbox/crypto.
export const RSA = 0, P256 = 1, P384 = 2, P521 = 3, ED25519 = 4, X25519 = 5;  // families
export const CBC = 0, CTR = 1, GCM = 2, WRAP = 3;  // modes of AES
export const PKCS1 = 0, PSS = 1, ECDSA = 2, EDDSA = 3;  // schemes of signatures
