#include "sandbox/cell/legacy_index.h"

#include <unicode/ucnv.h>
#include <unicode/utf16.h>

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <span>
#include <stdexcept>

namespace warder::cell {
namespace {

struct CloseConverter {
  void operator()(UConverter* converter) const { ucnv_close(converter); }
};
using Converter = std::unique_ptr<UConverter, CloseConverter>;

// ICU looks for converters in its own data, which is in a library of the image, and then in files, which a cell has
// not: all names given here are in the data.
Converter Open(const char* name) {
  UErrorCode error = U_ZERO_ERROR;
  Converter converter(ucnv_open(name, &error));
  if (U_FAILURE(error)) throw std::runtime_error(std::string("ICU has no converter ") + name);
  return converter;
}

// The one code point that the bytes stand for; 0: none, or several.
char32_t Convert(UConverter* converter, std::span<const char> bytes) {
  char16_t text[8];
  UErrorCode error = U_ZERO_ERROR;
  ucnv_reset(converter);
  const std::int32_t length = ucnv_toUChars(converter, text, static_cast<std::int32_t>(std::size(text)), bytes.data(),
                                            static_cast<std::int32_t>(bytes.size()), &error);
  if (U_FAILURE(error) || length == 0) return 0;
  std::int32_t used = 0;
  UChar32 point = 0;
  U16_NEXT(text, used, length, point);
  return used == length && point != 0xFFFD ? static_cast<char32_t>(point) : 0;
}

char32_t Convert(UConverter* converter, std::initializer_list<std::uint32_t> bytes) {
  char raw[4];
  std::size_t size = 0;
  for (const std::uint32_t byte : bytes) raw[size++] = static_cast<char>(byte);
  return Convert(converter, {raw, size});
}

// ICU gives what an encoding leaves to its users code points of their own; the standard's indexes leave it empty.
char32_t WithoutPrivateUse(char32_t point) { return point >= 0xE000 && point <= 0xF8FF ? 0 : point; }

struct Difference {
  std::uint16_t from;  // a byte, or a pointer
  char32_t to;         // 0: nothing
};

constexpr Difference kIso8859Sixteen[] = {  // from ISO-8859-15
    {0xA1, 0x104}, {0xA2, 0x105}, {0xA3, 0x141}, {0xA5, 0x201E}, {0xAA, 0x218}, {0xAC, 0x179}, {0xAE, 0x17A},
    {0xAF, 0x17B}, {0xB2, 0x10C}, {0xB3, 0x142}, {0xB5, 0x201D}, {0xB9, 0x10D}, {0xBA, 0x219}, {0xBF, 0x17C},
    {0xC3, 0x102}, {0xC5, 0x106}, {0xD0, 0x110}, {0xD1, 0x143},  {0xD5, 0x150}, {0xD7, 0x15A}, {0xD8, 0x170},
    {0xDD, 0x118}, {0xDE, 0x21A}, {0xE3, 0x103}, {0xE5, 0x107},  {0xF0, 0x111}, {0xF1, 0x144}, {0xF5, 0x151},
    {0xF7, 0x15B}, {0xF8, 0x171}, {0xFD, 0x119}, {0xFE, 0x21B}};
constexpr Difference kKoi8U[] = {{0xAE, 0x45E}, {0xBE, 0x40E}};
constexpr Difference kWindows874[] = {{0xDB, 0}, {0xDC, 0}, {0xDD, 0}, {0xDE, 0},
                                      {0xFC, 0}, {0xFD, 0}, {0xFE, 0}, {0xFF, 0}};
constexpr Difference kWindows1253[] = {{0xAA, 0}};
constexpr Difference kWindows1255[] = {{0xCA, 0x5BA}};

constexpr Difference kBig5[] = {
    {1008, 0x9F97},  {1016, 0x9F96},  {1099, 0x31C0},  {1100, 0x31C1},  {1101, 0x31C2},  {1102, 0x31C3},
    {1103, 0x31C4},  {1105, 0x31C5},  {1108, 0x31C6},  {1109, 0x31C7},  {1112, 0x31C8},  {1114, 0x31C9},
    {1115, 0x31CA},  {1116, 0x31CB},  {1117, 0x31CC},  {1119, 0x31CD},  {1120, 0x31CE},  {1170, 0x23DA},
    {1171, 0x23DB},  {1730, 0x9FA6},  {1772, 0x9FA7},  {1779, 0x9FA8},  {1812, 0x9FA9},  {1814, 0x9FAA},
    {1816, 0x9FAB},  {1821, 0x9FAC},  {1844, 0x9FAD},  {1845, 0x9FAE},  {1847, 0x9FAF},  {1866, 0x9FB2},
    {1892, 0x9FB3},  {2082, 0x7BB8},  {2088, 0x7C06},  {2103, 0x7CCE},  {2114, 0x7DD2},  {2123, 0x7E1D},
    {2148, 0x8005},  {2151, 0x8028},  {2221, 0x83C1},  {2239, 0x84A8},  {2244, 0x840F},  {2303, 0x89A6},
    {2304, 0x89A9},  {2354, 0x8D77},  {2400, 0x90FD},  {2413, 0x92B9},  {2477, 0x975C},  {2498, 0x97FF},
    {2605, 0x9F16},  {2673, 0x8503},  {2746, 0x5159},  {2747, 0x515B},  {2748, 0x515D},  {2749, 0x515E},
    {2771, 0x936E},  {2780, 0x7479},  {2990, 0x6D67},  {3087, 0x799B},  {3259, 0x9097},  {3301, 0x975D},
    {3436, 0x701E},  {3451, 0x5B28},  {4136, 0x7201},  {4138, 0x77D7},  {4141, 0x7E87},  {4182, 0x99D6},
    {4206, 0x91D4},  {4220, 0x60DE},  {4230, 0x6FB6},  {4241, 0x8F36},  {4258, 0x4FBB},  {4273, 0x71DF},
    {4279, 0x9104},  {4282, 0x9DF0},  {4294, 0x83CF},  {4329, 0x5C10},  {4330, 0x79E3},  {4349, 0x5A67},
    {4419, 0x8F0B},  {4422, 0x7B51},  {4494, 0x62D0},  {4624, 0x6062},  {4694, 0x75F9},  {4708, 0x6C4A},
    {4742, 0x9B2E},  {4748, 0x9F17},  {4815, 0x50ED},  {4828, 0x5F0C},  {4902, 0x880F},  {4922, 0x62CE},
    {4982, 0x7468},  {4992, 0x7162},  {4997, 0x7250},  {5432, 0x2400},  {5433, 0x2401},  {5434, 0x2402},
    {5435, 0x2403},  {5436, 0x2404},  {5437, 0x2405},  {5438, 0x2406},  {5439, 0x2407},  {5440, 0x2408},
    {5441, 0x2409},  {5442, 0x240A},  {5443, 0x240B},  {5444, 0x240C},  {5445, 0x240D},  {5446, 0x240E},
    {5447, 0x240F},  {5448, 0x2410},  {5449, 0x2411},  {5450, 0x2412},  {5451, 0x2413},  {5452, 0x2414},
    {5453, 0x2415},  {5454, 0x2416},  {5455, 0x2417},  {5456, 0x2418},  {5457, 0x2419},  {5458, 0x241A},
    {5459, 0x241B},  {5460, 0x241C},  {5461, 0x241D},  {5462, 0x241E},  {5463, 0x241F},  {5464, 0x2421},
    {10942, 0x5EF4}, {10946, 0x65E0}, {10948, 0x7676}, {10950, 0x96B6}, {10957, 0x3003}, {10958, 0x4EDD},
    {11204, 0x31CF}, {11210, 0x9FB0}, {11212, 0x9FB1}, {19028, 0x5029}, {19035, 0x507D}, {19088, 0x5305},
    {19096, 0x5344}, {19112, 0x537F}, {19162, 0x5605}, {19240, 0x5A77}, {19299, 0x5E75}, {19305, 0x5ED0},
    {19326, 0x5F58}, {19355, 0x60A4}, {19398, 0x6490}, {19439, 0x6674}, {19454, 0x675E}, {19553, 0x6C9C},
    {19554, 0x6E1D}, {19557, 0x6E2F}, {19611, 0x716E}, {19643, 0x732A}, {19672, 0x745C}, {19697, 0x74E9},
    {19748, 0x7809}};

struct SingleByte {
  std::string_view name;  // the standard's, in lower case
  const char* converter;  // ICU's
  std::span<const Difference> differences = {};
};

constexpr SingleByte kSingleByte[] = {
    {"ibm866", "ibm-866_P100-1995"},        {"iso-8859-2", "ibm-912_P100-1995"},
    {"iso-8859-3", "ibm-913_P100-2000"},    {"iso-8859-4", "ibm-914_P100-1995"},
    {"iso-8859-5", "ibm-915_P100-1995"},    {"iso-8859-6", "ibm-1089_P100-1995"},
    {"iso-8859-7", "ibm-9005_X110-2007"},   {"iso-8859-8", "ibm-5012_P100-1999"},
    {"iso-8859-8-i", "ibm-5012_P100-1999"}, {"iso-8859-10", "iso-8859_10-1998"},
    {"iso-8859-13", "ibm-921_P100-1995"},   {"iso-8859-14", "iso-8859_14-1998"},
    {"iso-8859-15", "ibm-923_P100-1998"},   {"iso-8859-16", "ibm-923_P100-1998", kIso8859Sixteen},
    {"koi8-r", "ibm-878_P100-1996"},        {"koi8-u", "ibm-1168_P100-2002", kKoi8U},
    {"macintosh", "macos-0_2-10.2"},        {"windows-874", "windows-874-2000", kWindows874},
    {"windows-1250", "ibm-5346_P100-1998"}, {"windows-1251", "ibm-5347_P100-1998"},
    {"windows-1252", "ibm-5348_P100-1997"}, {"windows-1253", "ibm-5349_P100-1998", kWindows1253},
    {"windows-1254", "ibm-5350_P100-1998"}, {"windows-1255", "ibm-9447_P100-2002", kWindows1255},
    {"windows-1256", "ibm-9448_X100-2005"}, {"windows-1257", "ibm-9449_P100-2002"},
    {"windows-1258", "ibm-5354_P100-1998"}, {"x-mac-cyrillic", "macos-7_3-10.2"},
};

SingleByteIndex MakeIndex(const SingleByte& encoding) {
  const Converter converter = Open(encoding.converter);
  SingleByteIndex index;
  for (std::uint32_t i = 0; i < index.size(); ++i) {
    index[i] = static_cast<char16_t>(Convert(converter.get(), {0x80 + i}));
  }
  for (const auto& [byte, point] : encoding.differences) index[byte - 0x80] = static_cast<char16_t>(point);
  return index;
}

}  // namespace

const SingleByteIndex* FindSingleByteIndex(std::string_view name) {
  static std::array<std::unique_ptr<const SingleByteIndex>, std::size(kSingleByte)> made;
  const auto* const found = std::find_if(std::begin(kSingleByte), std::end(kSingleByte),
                                         [&](const SingleByte& encoding) { return encoding.name == name; });
  if (found == std::end(kSingleByte)) return nullptr;
  auto& index = made[static_cast<std::size_t>(found - std::begin(kSingleByte))];
  if (!index) index = std::make_unique<const SingleByteIndex>(MakeIndex(*found));
  return index.get();
}

char32_t Gb18030CodePoint(std::uint32_t pointer) {
  static const Converter converter = Open("gb18030");
  const std::uint32_t trail = pointer % 190;
  return Convert(converter.get(), {pointer / 190 + 0x81, trail + (trail < 0x3F ? 0x40U : 0x41U)});
}

char32_t Gb18030RangesCodePoint(std::uint32_t pointer) {
  static const Converter converter = Open("gb18030");
  if ((pointer > 39419 && pointer < 189000) || pointer > 1237575) return 0;
  if (pointer >= 189000) return 0x10000 + (pointer - 189000);
  if (pointer == 7457) return 0xE7C7;
  return Convert(converter.get(),
                 {pointer / 12600 + 0x81, pointer / 1260 % 10 + 0x30, pointer / 10 % 126 + 0x81, pointer % 10 + 0x30});
}

char32_t Jis0208CodePoint(std::uint32_t pointer) {
  static const Converter converter = Open("ibm-943_P15A-2003");
  const std::uint32_t lead = pointer / 188;
  const std::uint32_t trail = pointer % 188;
  return WithoutPrivateUse(
      Convert(converter.get(), {lead + (lead < 0x1F ? 0x81U : 0xC1U), trail + (trail < 0x3F ? 0x40U : 0x41U)}));
}

char32_t Jis0212CodePoint(std::uint32_t pointer) {
  static const Converter converter = Open("EUC-JP");
  constexpr std::uint32_t kEnd = 7708;  // behind it ICU has what the standard has not
  return pointer < kEnd ? Convert(converter.get(), {0x8F, pointer / 94 + 0xA1, pointer % 94 + 0xA1}) : 0;
}

char32_t EucKrCodePoint(std::uint32_t pointer) {
  static const Converter converter = Open("windows-949-2000");
  return WithoutPrivateUse(Convert(converter.get(), {pointer / 190 + 0x81, pointer % 190 + 0x41}));
}

char32_t Big5CodePoint(std::uint32_t pointer) {
  static const Converter converter = Open("ibm-1375_P100-2008");
  const auto* const different =
      std::lower_bound(std::begin(kBig5), std::end(kBig5), pointer,
                       [](const Difference& difference, std::uint32_t wanted) { return difference.from < wanted; });
  if (different != std::end(kBig5) && different->from == pointer) return different->to;
  const std::uint32_t trail = pointer % 157;
  return WithoutPrivateUse(Convert(converter.get(), {pointer / 157 + 0x81, trail + (trail < 0x3F ? 0x40U : 0x62U)}));
}

}  // namespace warder::cell
