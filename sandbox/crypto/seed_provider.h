// OpenSSL's random generator, as a provider of ours (provider-rand(7)): whatever the library draws, for keys, salts,
// nonces, paddings or blinding, comes from the function that SetRandomSource names.
//
// It takes the place of all generators that the library would make for itself and seed from the system. Setting a
// source of bytes alone (RAND_set1_random_provider) is not enough: making an RSA key asks the generator for its
// strength, and that would start one of OpenSSL's.
#pragma once

#include <cstddef>

namespace warder::crypto {

// Makes it the generator of the default library context. Before anything random was asked for. False: OpenSSL refuses.
bool InstallSeedProvider();

// Fills a buffer with random bytes.
using RandomSource = void (*)(void* context, unsigned char* out, std::size_t size);
// Until there is one, whatever needs randomness fails.
void SetRandomSource(RandomSource source, void* context);
// False: there is no source.
bool RandomBytes(unsigned char* out, std::size_t size);

}  // namespace warder::crypto
