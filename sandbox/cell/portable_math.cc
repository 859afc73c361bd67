#include "sandbox/cell/portable_math.h"

#include <dlfcn.h>

#include <array>
#include <stdexcept>
#include <string>
#include <utility>

// NOLINTBEGIN(readability-identifier-naming): names of others.
// Internal to V8, but exported; the header that declares them is not installed.
namespace v8::base::ieee754 {
double asin(double x);
double atan(double x);
double atan2(double y, double x);
double cos(double x);
double exp(double x);
double log(double x);
double sin(double x);
double tan(double x);
namespace legacy {
double pow(double x, double y);
}
}  // namespace v8::base::ieee754

namespace ieee754 = v8::base::ieee754;

// What V8 and ICU ask libm for, as far as glibc has variants of it.
extern "C" {
double asin(double x) noexcept { return ieee754::asin(x); }
double atan(double x) noexcept { return ieee754::atan(x); }
double atan2(double y, double x) noexcept { return ieee754::atan2(y, x); }
double cos(double x) noexcept { return ieee754::cos(x); }
double exp(double x) noexcept { return ieee754::exp(x); }
double exp2(double x) noexcept { return ieee754::legacy::pow(2, x); }
double log(double x) noexcept { return ieee754::log(x); }
double pow(double x, double y) noexcept { return ieee754::legacy::pow(x, y); }
double sin(double x) noexcept { return ieee754::sin(x); }
double tan(double x) noexcept { return ieee754::tan(x); }
float expf(float x) noexcept { return static_cast<float>(ieee754::exp(x)); }
float powf(float x, float y) noexcept { return static_cast<float>(ieee754::legacy::pow(x, y)); }
void sincos(double x, double* sine, double* cosine) noexcept {
  *sine = ieee754::sin(x);
  *cosine = ieee754::cos(x);
}
}
// NOLINTEND(readability-identifier-naming)

namespace warder::cell {

void CheckMathIsPortable() {
  // With the address that this program has of each.
  const auto pairs = std::to_array<std::pair<const char*, void*>>({
      {"asin", reinterpret_cast<void*>(static_cast<double (*)(double)>(&::asin))},
      {"atan", reinterpret_cast<void*>(static_cast<double (*)(double)>(&::atan))},
      {"atan2", reinterpret_cast<void*>(static_cast<double (*)(double, double)>(&::atan2))},
      {"exp", reinterpret_cast<void*>(static_cast<double (*)(double)>(&::exp))},
      {"log", reinterpret_cast<void*>(static_cast<double (*)(double)>(&::log))},
      {"pow", reinterpret_cast<void*>(static_cast<double (*)(double, double)>(&::pow))},
      {"sin", reinterpret_cast<void*>(static_cast<double (*)(double)>(&::sin))},
      {"sincos", reinterpret_cast<void*>(&::sincos)},
      {"tan", reinterpret_cast<void*>(static_cast<double (*)(double)>(&::tan))},
  });
  for (const auto& [name, own] : pairs) {
    if (::dlsym(RTLD_DEFAULT, name) == own) continue;
    throw std::runtime_error(std::string(name) + " is libm's, which is not the same on every processor");
  }
}

}  // namespace warder::cell
