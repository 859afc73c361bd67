// Web Cryptography API. What is random comes from the execution's seed, so that a replay repeats it.

interface Crypto {
  readonly subtle: SubtleCrypto;
  getRandomValues<T extends Exclude<ArrayBufferView, Float32Array | Float64Array | DataView>>(array: T): T;
  randomUUID(): `${string}-${string}-${string}-${string}-${string}`;
}
declare var Crypto: { prototype: Crypto };
declare var crypto: Crypto;

type KeyType = "private" | "public" | "secret";
type KeyUsage = "encrypt" | "decrypt" | "sign" | "verify" | "deriveKey" | "deriveBits" | "wrapKey" | "unwrapKey";
type KeyFormat = "jwk" | "pkcs8" | "raw" | "spki";
interface Algorithm { name: string; }
interface KeyAlgorithm { name: string; }
type AlgorithmIdentifier = Algorithm | string;
type HashAlgorithmIdentifier = AlgorithmIdentifier;
type BigInteger = Uint8Array;

interface AesKeyGenParams extends Algorithm { length: number; }
interface AesCbcParams extends Algorithm { iv: BufferSource; }
interface AesGcmParams extends Algorithm { iv: BufferSource; additionalData?: BufferSource; tagLength?: number; }
interface EcKeyGenParams extends Algorithm { namedCurve: string; }
interface EcKeyImportParams extends Algorithm { namedCurve: string; }
interface EcdsaParams extends Algorithm { hash: HashAlgorithmIdentifier; }
interface EcdhKeyDeriveParams extends Algorithm { public: CryptoKey; }
interface HkdfParams extends Algorithm { hash: HashAlgorithmIdentifier; salt: BufferSource; info: BufferSource; }
interface HmacImportParams extends Algorithm { hash: HashAlgorithmIdentifier; length?: number; }
interface HmacKeyGenParams extends Algorithm { hash: HashAlgorithmIdentifier; length?: number; }
interface Pbkdf2Params extends Algorithm { hash: HashAlgorithmIdentifier; salt: BufferSource; iterations: number; }
interface RsaHashedImportParams extends Algorithm { hash: HashAlgorithmIdentifier; }
interface RsaHashedKeyGenParams extends Algorithm { hash: HashAlgorithmIdentifier; modulusLength: number; publicExponent: BigInteger; }
interface RsaOaepParams extends Algorithm { label?: BufferSource; }
interface RsaPssParams extends Algorithm { saltLength: number; }

interface JsonWebKey {
  alg?: string; crv?: string; d?: string; dp?: string; dq?: string; e?: string; ext?: boolean; k?: string; key_ops?: string[];
  kty?: string; n?: string; oth?: { d?: string; r?: string; t?: string }[]; p?: string; q?: string; qi?: string; use?: string;
  x?: string; y?: string;
}

interface CryptoKey {
  readonly algorithm: KeyAlgorithm;
  readonly extractable: boolean;
  readonly type: KeyType;
  readonly usages: KeyUsage[];
}
declare var CryptoKey: { prototype: CryptoKey };
interface CryptoKeyPair { privateKey: CryptoKey; publicKey: CryptoKey; }

type ImportAlgorithm = AlgorithmIdentifier | RsaHashedImportParams | EcKeyImportParams | HmacImportParams;
type EncryptAlgorithm = AlgorithmIdentifier | RsaOaepParams | AesCbcParams | AesGcmParams;
type SignAlgorithm = AlgorithmIdentifier | RsaPssParams | EcdsaParams;
type DeriveAlgorithm = AlgorithmIdentifier | EcdhKeyDeriveParams | HkdfParams | Pbkdf2Params;

interface SubtleCrypto {
  decrypt(algorithm: EncryptAlgorithm, key: CryptoKey, data: BufferSource): Promise<ArrayBuffer>;
  deriveBits(algorithm: DeriveAlgorithm, baseKey: CryptoKey, length?: number | null): Promise<ArrayBuffer>;
  deriveKey(algorithm: DeriveAlgorithm, baseKey: CryptoKey, derived: AlgorithmIdentifier | AesKeyGenParams | HmacImportParams | HkdfParams | Pbkdf2Params,
    extractable: boolean, usages: KeyUsage[]): Promise<CryptoKey>;
  digest(algorithm: AlgorithmIdentifier, data: BufferSource): Promise<ArrayBuffer>;
  encrypt(algorithm: EncryptAlgorithm, key: CryptoKey, data: BufferSource): Promise<ArrayBuffer>;
  exportKey(format: "jwk", key: CryptoKey): Promise<JsonWebKey>;
  exportKey(format: Exclude<KeyFormat, "jwk">, key: CryptoKey): Promise<ArrayBuffer>;
  generateKey(algorithm: "Ed25519" | { name: "Ed25519" }, extractable: boolean, usages: readonly ("sign" | "verify")[]): Promise<CryptoKeyPair>;
  generateKey(algorithm: RsaHashedKeyGenParams | EcKeyGenParams, extractable: boolean, usages: readonly KeyUsage[]): Promise<CryptoKeyPair>;
  generateKey(algorithm: AesKeyGenParams | HmacKeyGenParams, extractable: boolean, usages: readonly KeyUsage[]): Promise<CryptoKey>;
  generateKey(algorithm: AlgorithmIdentifier, extractable: boolean, usages: readonly KeyUsage[]): Promise<CryptoKeyPair | CryptoKey>;
  importKey(format: "jwk", keyData: JsonWebKey, algorithm: ImportAlgorithm, extractable: boolean, usages: readonly KeyUsage[]): Promise<CryptoKey>;
  importKey(format: Exclude<KeyFormat, "jwk">, keyData: BufferSource, algorithm: ImportAlgorithm, extractable: boolean, usages: readonly KeyUsage[]): Promise<CryptoKey>;
  sign(algorithm: SignAlgorithm, key: CryptoKey, data: BufferSource): Promise<ArrayBuffer>;
  unwrapKey(format: KeyFormat, wrappedKey: BufferSource, unwrappingKey: CryptoKey, unwrap: EncryptAlgorithm, imported: ImportAlgorithm,
    extractable: boolean, usages: readonly KeyUsage[]): Promise<CryptoKey>;
  verify(algorithm: SignAlgorithm, key: CryptoKey, signature: BufferSource, data: BufferSource): Promise<boolean>;
  wrapKey(format: KeyFormat, key: CryptoKey, wrappingKey: CryptoKey, wrap: EncryptAlgorithm): Promise<ArrayBuffer>;
}
declare var SubtleCrypto: { prototype: SubtleCrypto };
