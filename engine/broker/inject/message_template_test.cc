#include "engine/broker/inject/message_template.h"

#include "engine/broker/inject/testing.h"

namespace warder::broker {
namespace {

using Part = MessageTemplate::Part;

std::string CompileError(std::string_view text) { return ErrorOf(MessageTemplate::Compile(text)); }

Result<std::string> Render(std::string_view text, const HeaderList& headers = {},
                           std::optional<std::string_view> body = "body{path}") {
  const auto compiled = MessageTemplate::Compile(text);
  if (!compiled) return compiled.error();
  const auto url = CanonicalizeUrl("https://api.example.com:8443/v1/a%20b?q={method}");
  const std::chrono::system_clock::time_point now(std::chrono::milliseconds(1440938160999));
  return compiled->Render({"POST", *url, headers, body, now, "0123456789abcdef0123456789abcdef"});
}

TEST(MessageTemplateTest, PutsInWhatThePlaceholdersStandFor) {
  EXPECT_EQ(Render(R"({method}\n{origin}\n{path}\n{timestamp}\n{nonce}\n{header:Content-Type}\n{body})",
                   {{"x", "y"}, {"content-type", "text/plain"}})
                .value(),
            "POST\nhttps://api.example.com:8443\n/v1/a%20b?q=%7Bmethod%7D\n1440938160\n"
            "0123456789abcdef0123456789abcdef\ntext/plain\nbody{path}");
}

TEST(MessageTemplateTest, BracesAndBackslashes) {
  EXPECT_EQ(Render(R"({{method}}\\n{{{method}}})").value(), R"({method}\n{POST})");
  EXPECT_EQ(Render("v0:\n{{").value(), "v0:\n{");
  EXPECT_EQ(Render("}}{{").value(), "}{");
}

TEST(MessageTemplateTest, ErrorsNameTheColumn) {
  const std::string at = "the message template is wrong at column ";
  const std::string known =
      " is no placeholder; there are {method}, {origin}, {path}, {body}, {timestamp}, {nonce} and "
      "{header:NAME}";
  const std::string open = ": a \"{\" without its \"}\"; a brace of the text is written \"{{\"";
  const std::string close = ": a \"}\" without its \"{\"; a brace of the text is written \"}}\"";
  EXPECT_EQ(CompileError("{methd}"), at + "1: \"{methd}\"" + known);
  EXPECT_EQ(CompileError("ab{METHOD}"), at + "3: \"{METHOD}\"" + known);
  EXPECT_EQ(CompileError("a{}"), at + "2: \"{}\"" + known);
  EXPECT_EQ(CompileError("{ path}"), at + "1: \"{ path}\"" + known);
  EXPECT_EQ(CompileError("{header:}"), at + "1: \"{header:}\"" + known);
  EXPECT_EQ(CompileError("{header:a b}"), at + "1: \"{header:a b}\"" + known);
  EXPECT_EQ(CompileError("{\x1b[31m}"), at + "1: \"{?[31m}\"" + known);
  EXPECT_EQ(CompileError("{" + std::string(100, 'a') + "}"), at + "1: \"{" + std::string(40, 'a') + "...\"" + known);
  EXPECT_EQ(CompileError("{header:Host}"), at + "1: \"{header:Host}\" names a header that a script cannot set");
  EXPECT_EQ(CompileError("abc{path"), at + "4" + open);
  EXPECT_EQ(CompileError("{path}{"), at + "7" + open);
  EXPECT_EQ(CompileError("{{{"), at + "3" + open);
  EXPECT_EQ(CompileError("a}b"), at + "2" + close);
  EXPECT_EQ(CompileError("{path}}"), at + "7" + close);
  EXPECT_EQ(CompileError("a\\t"), at + R"(2: a backslash stands only in \n and \\)");
  EXPECT_EQ(CompileError("a\\"), at + R"(2: a backslash stands only in \n and \\)");
  EXPECT_EQ(CompileError(""), "the message template is empty: nothing of the request would be signed");
  EXPECT_EQ(CompileError(std::string(4097, 'a')), "the message template has more than 4096 bytes");
}

TEST(MessageTemplateTest, AHeaderStandsOnceOrTheRequestIsRefused) {
  const std::string error = "the connection signs the header x-a, which the request must have once";
  EXPECT_EQ(Render("{header:X-A}", {{"x-A", ""}}).value(), "");
  EXPECT_EQ(ErrorOf(Render("{header:x-a}")), error);
  EXPECT_EQ(ErrorOf(Render("{header:x-a}", {{"x-a", "1"}, {"X-A", "2"}})), error);
}

TEST(MessageTemplateTest, ABodyThatIsStreamedCannotBeSigned) {
  EXPECT_EQ(ErrorOf(Render("{body}", {}, std::nullopt)),
            "the connection signs the request's body, which is not at hand as a whole");
  EXPECT_EQ(Render("{path}", {}, std::nullopt).value(), "/v1/a%20b?q=%7Bmethod%7D");
}

TEST(MessageTemplateTest, KnowsWhatItUses) {
  const auto compiled = MessageTemplate::Compile("{{body}} {nonce}");
  ASSERT_TRUE(compiled);
  EXPECT_TRUE(compiled->Uses(Part::kNonce));
  EXPECT_TRUE(compiled->Uses(Part::kText));
  EXPECT_FALSE(compiled->Uses(Part::kBody));
}

}  // namespace
}  // namespace warder::broker
