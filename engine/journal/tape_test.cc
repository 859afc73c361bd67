// What a journal may not be, one sentence for each.
#include "engine/journal/tape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "engine/journal/testing.h"
#include "sandbox/proto/state_limits.h"
#include "warder/replay.h"

namespace warder::journal {
namespace {

using testing::HasSubstr;

std::string ErrorOf(const std::string& text) {
  const auto tape = Tape::Read(text);
  return tape ? "" : tape.error().message;
}

TEST(TapeTest, AWholeJournalIsRead) {
  const auto tape = Tape::Read(SmallJournal().Text());
  ASSERT_TRUE(tape) << tape.error().message;
  EXPECT_EQ(tape->cut_off(), "");
  EXPECT_EQ(tape->bundle()->entry(), "index.js");
  EXPECT_EQ(tape->event(), "null");
  EXPECT_EQ(tape->config(), "{}");
  EXPECT_EQ(tape->start().execution_id(), "x-1");
  EXPECT_EQ(tape->size(), 10u);
  EXPECT_EQ(tape->first_reply(), 4u);
  EXPECT_EQ(tape->FromCellAt(4).http_request().url(), "https://api.test/a");
  EXPECT_EQ(tape->ending(), (Ending{Status::kSucceeded, "", EndedBy::kCell}));
}

TEST(TapeTest, HeadersAndEndingsAreReadAsTheyWereWritten) {
  Header header = SmallJournal().header;
  header.limits.calls = 7;
  const auto read = ReadHeader(HeaderText(header));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(HeaderText(*read), HeaderText(header));
  EXPECT_EQ(HeaderText(header).find("profile"), std::string::npos);
  header.profile = CellProfile::kJit;
  const auto compiled = ReadHeader(HeaderText(header));
  ASSERT_TRUE(compiled) << compiled.error().message;
  EXPECT_EQ(compiled->profile, CellProfile::kJit);
  const Ending ending{Status::kLimit, "the limit \"wall\"\n", EndedBy::kEngine};
  EXPECT_EQ(*ReadEnding(EndingText(ending)), ending);
}

TEST(TapeTest, AnExecutionThatNeverRanIsAJournalToo) {
  SmallJournal journal;
  journal.frames.clear();
  const auto tape = Tape::Read(journal.Text());
  ASSERT_TRUE(tape) << tape.error().message;
  EXPECT_FALSE(tape->ran());
}

// Wherever a journal is cut off, what is whole is there.
TEST(TapeTest, CutOffAnywhereWhatIsWholeIsRead) {
  const std::string text = SmallJournal().Text();
  std::size_t most = 0;
  for (std::size_t length = 0; length < text.size(); ++length) {
    const auto tape = Tape::Read(text.substr(0, length));
    if (!tape) {
      EXPECT_EQ(most, 0u) << length << ": " << tape.error().message;
      continue;
    }
    EXPECT_FALSE(tape->cut_off().empty()) << length;
    EXPECT_GE(tape->size(), most) << length;
    most = tape->size();
  }
  EXPECT_EQ(most, 10u);
}

// A read and a commit that made way once, in the place of the call of the small journal.
class StateJournal : public SmallJournal {
 public:
  StateJournal() {
    frames.erase(frames.begin() + 4, frames.begin() + 7);
    proto::FromCell said;
    said.mutable_state_read()->set_call(1);
    said.mutable_state_read()->mutable_key()->set_scope(proto::StateKey::INSTANCE);
    said.mutable_state_read()->mutable_key()->set_key("n");
    const proto::StateKey key = said.state_read().key();
    Insert(4, RecordKind::kFromCell, said.SerializeAsString());
    proto::ToCell sent;
    sent.mutable_state_value()->set_call(1);
    Insert(5, RecordKind::kToCell, Stamped(sent));
    said.mutable_state_commit()->set_call(2);
    *said.mutable_state_commit()->add_changes()->mutable_key() = key;
    said.mutable_state_commit()->mutable_changes(0)->set_json("1");
    Insert(6, RecordKind::kFromCell, said.SerializeAsString());
    sent.mutable_state_committed()->set_call(2);
    sent.mutable_state_committed()->add_conflicts()->set_version(3);
    sent.mutable_state_committed()->mutable_conflicts(0)->set_json("5");
    Insert(7, RecordKind::kToCell, Stamped(sent));
    said.mutable_state_commit()->set_call(3);
    Insert(8, RecordKind::kFromCell, said.SerializeAsString());
    sent.mutable_state_committed()->Clear();
    sent.mutable_state_committed()->set_call(3);
    sent.mutable_state_committed()->set_version(4);
    Insert(9, RecordKind::kToCell, Stamped(sent));
  }
  template <typename Frame>
  void Change(std::size_t at, const std::function<void(Frame&)>& change) {
    Frame frame;
    frame.ParseFromString(frames[at].payload);
    change(frame);
    frames[at].payload = frame.SerializeAsString();
  }

 private:
  void Insert(std::size_t at, RecordKind kind, std::string payload) {
    frames.insert(frames.begin() + static_cast<std::ptrdiff_t>(at), {kind, std::move(payload)});
  }
  static std::string Stamped(proto::ToCell frame) {
    frame.set_clock_us(1'800'000'000'000'000);
    return frame.SerializeAsString();
  }
};

TEST(TapeTest, StateIsReadAndItsScriptMade) {
  const auto tape = Tape::Read(StateJournal().Text());
  ASSERT_TRUE(tape) << tape.error().message;
  const StateItem left{{StateScope::kInstance, "", "n"}, "1"};
  EXPECT_EQ(tape->StateLeft(), std::vector<StateItem>{left});
  const Script script = ScriptOf(*tape);
  EXPECT_FALSE(script.whole_state);
  EXPECT_EQ(script.state, (std::vector<StateItem>{{left.key, std::nullopt}}));
  ASSERT_EQ(script.state_answers.size(), 3u);
  EXPECT_TRUE(script.state_answers[0].others.empty());
  EXPECT_EQ(script.state_answers[1].others, (std::vector<StateItem>{{left.key, "5"}}));
  EXPECT_TRUE(script.state_answers[2].others.empty());
}

TEST(TapeTest, StateThatMakesNoSense) {
  const auto changed = [](auto change) {
    StateJournal journal;
    change(journal);
    return ErrorOf(journal.Text());
  };
  using To = proto::ToCell;
  EXPECT_THAT(changed([](auto& j) { j.template Change<To>(5, [](To& f) { f.mutable_state_value()->set_call(2); }); }),
              HasSubstr("which was not made by then"));
  EXPECT_THAT(changed([](auto& j) { j.template Change<To>(5, [](To& f) { f.mutable_state_value()->set_json("1"); }); }),
              HasSubstr("does not fit it"));
  EXPECT_THAT(changed([](auto& j) { j.template Change<To>(5, [](To& f) { f.mutable_timer_fired()->set_call(1); }); }),
              HasSubstr("is a read of state"));
  for (const std::uint32_t change : {1U, 0x7fffffffU, 0xffffffffU}) {
    EXPECT_THAT(changed([change](auto& j) {
                  j.template Change<To>(
                      7, [change](To& f) { f.mutable_state_committed()->mutable_conflicts(0)->set_change(change); });
                }),
                HasSubstr("does not fit it"));
  }
  EXPECT_THAT(changed([](auto& j) {
                j.template Change<To>(7, [](To& f) {
                  f.mutable_state_committed()->mutable_conflicts(0)->set_version(proto::kMaxStateVersion + 1);
                });
              }),
              HasSubstr("does not fit it"));
}

// What a cell that lies has said is in the journal of its end.
TEST(TapeTest, StateThatNoRuntimeOfOursAsksForIsReadAllTheSame) {
  StateJournal journal;
  journal.Change<proto::FromCell>(4, [](auto& f) { f.mutable_state_read()->clear_key(); });
  journal.Change<proto::FromCell>(6, [](auto& f) { f.mutable_state_commit()->mutable_changes(0)->clear_key(); });
  const auto tape = Tape::Read(journal.Text());
  ASSERT_TRUE(tape) << tape.error().message;
  EXPECT_EQ(ScriptOf(*tape).state_answers.size(), 3u);
}

// Every byte of it matters.
TEST(TapeTest, AnyChangedByteIsFound) {
  const std::string text = SmallJournal().Text();
  for (std::size_t i = 0; i < text.size(); ++i) {
    std::string changed = text;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    const auto tape = Tape::Read(changed);
    EXPECT_TRUE(!tape || !tape->cut_off().empty()) << "byte " << i;
  }
}

struct Wrong {
  const char* what;
  std::function<void(SmallJournal&)> change;
  const char* says;
};

void Reply(SmallJournal& journal, std::size_t frame, const std::function<void(proto::ToCell&)>& change) {
  proto::ToCell reply = ToCellOf(journal.frames[frame]);
  change(reply);
  journal.frames[frame].payload = reply.SerializeAsString();
}

TEST(TapeTest, WhatMakesNoSenseIsOneSentence) {
  const std::vector<Wrong> cases = {
      {"no start", [](auto& j) { j.frames.resize(3); }, "the execution was never started"},
      {"another execution", [](auto& j) { j.header.execution = "x-2"; }, "another execution than the header names"},
      {"another tenant", [](auto& j) { j.header.tenant = "beta"; }, "another tenant"},
      {"another flow", [](auto& j) { j.header.flow = "f"; }, "another flow"},
      {"no hash", [](auto& j) { j.header.bundle = "00\n"; }, "a \"bundle\" that is no hash"},
      {"another bundle", [](auto& j) { j.header.bundle.assign(64, '0'); }, "its header names 0000"},
      {"other limits", [](auto& j) { --j.header.limits.heap_bytes; }, "has other limits than the header"},
      {"two modules of one name",
       [](auto& j) {
         j.frames.insert(j.frames.begin(), {j.frames[0], j.frames[0]});
         Reply(j, 1, [](auto& f) { f.mutable_input()->set_name("other.js"); });
       },
       "two modules of one name"},
      {"more calls than there may be",
       [](auto& j) {
         j.header.limits.calls = 0;
         j.frames.insert(j.frames.begin() + 5, j.frames[4]);
       },
       "a call beyond the limit"},
      {"no end of the cell's", [](auto& j) { j.frames.pop_back(); }, "the cell's last frame is not there"},
      {"a success that nobody said",
       [](auto& j) {
         j.frames.pop_back();
         j.ending.by = EndedBy::kEngine;
       },
       "it succeeded, and the cell did not say so"},
      {"a changed module", [](auto& j) { Reply(j, 0, [](auto& f) { f.mutable_input()->set_data("x"); }); },
       "have the hash"},
      {"no entry", [](auto& j) { Reply(j, 3, [](auto& f) { f.mutable_start()->set_entry("other.js"); }); },
       "no bundle"},
      {"a short seed", [](auto& j) { Reply(j, 3, [](auto& f) { f.mutable_start()->set_seed("s"); }); }, "32 bytes"},
      {"an input of no kind",
       [](auto& j) { Reply(j, 1, [](auto& f) { f.mutable_input()->set_kind(proto::Input::KIND_UNSPECIFIED); }); },
       "no known kind"},
      {"a module without a name", [](auto& j) { Reply(j, 0, [](auto& f) { f.mutable_input()->clear_name(); }); },
       "without a name"},
      {"the clock goes back", [](auto& j) { Reply(j, 5, [](auto& f) { f.set_clock_us(1); }); },
       "record 7 has a clock that is before"},
      {"a reply to no call", [](auto& j) { Reply(j, 5, [](auto& f) { f.mutable_response_head()->set_call(2); }); },
       "record 7 is a reply to call 2, which was not made by then"},
      {"a status that is none",
       [](auto& j) { Reply(j, 5, [](auto& f) { f.mutable_response_head()->set_status(100); }); }, "the status 100"},
      {"a body before its head", [](auto& j) { j.frames.erase(j.frames.begin() + 5); }, "has not been answered"},
      {"a long piece",
       [](auto& j) {
         Reply(j, 6, [](auto& f) { f.mutable_response_body()->set_data(std::string((256 << 10) + 1, 'x')); });
       },
       "record 8 is a piece of a response that is longer than 256KB"},
      {"two heads", [](auto& j) { j.frames.insert(j.frames.begin() + 5, j.frames[5]); }, "has been answered"},
      {"two ends", [](auto& j) { j.frames.insert(j.frames.begin() + 6, j.frames[6]); }, "was over by then"},
      {"a timer that is a call", [](auto& j) { Reply(j, 5, [](auto& f) { f.mutable_timer_fired()->set_call(1); }); },
       "which is a call"},
      {"a reply before the start", [](auto& j) { std::swap(j.frames[3], j.frames[5]); }, "record 5"},
      {"an input behind the start", [](auto& j) { j.frames.insert(j.frames.begin() + 4, j.frames[1]); }, "record 6"},
      {"two starts", [](auto& j) { j.frames.insert(j.frames.begin() + 4, j.frames[3]); }, "a second start"},
      {"the cell speaks first", [](auto& j) { std::swap(j.frames[3], j.frames[4]); }, "before it was started"},
      {"more behind the result", [](auto& j) { j.frames.push_back(j.frames[7]); }, "behind the cell's last frame"},
      {"a barrier", [](auto& j) { Reply(j, 5, [](auto& f) { f.mutable_barrier(); }); }, "a kind that no journal has"},
      {"Ready",
       [](auto& j) {
         proto::FromCell ready;
         ready.mutable_ready();
         j.frames[7].payload = ready.SerializeAsString();
       },
       "a kind that no journal has"},
      {"no frame to a cell", [](auto& j) { j.frames[5].payload = "\xff\xff"; }, "not a frame to a cell"},
      {"no frame of a cell", [](auto& j) { j.frames[7].payload = "\xff\xff"; }, "not a frame of a cell"},
      {"no piece of a request",
       [](auto& j) {
         j.frames[7] = {RecordKind::kRequestBody, "short"};
       },
       "no piece of a request"},
      {"two headers",
       [](auto& j) {
         j.frames.insert(j.frames.begin(), {RecordKind::kHeader, "{}"});
       },
       "record 2 is a second header"},
      {"a header that is no JSON",
       [](auto& j) {
         j.frames.clear();
         j.frames.push_back({RecordKind::kHeader, "{"});
       },
       "a second header"},
  };
  for (const Wrong& each : cases) {
    SmallJournal journal;
    each.change(journal);
    const std::string error = ErrorOf(journal.Text());
    EXPECT_THAT(error, HasSubstr(each.says)) << each.what;
    EXPECT_EQ(error.find('\n'), std::string::npos) << each.what;
  }
}

TEST(TapeTest, AChangedRecordIsNamed) {
  const SmallJournal journal;
  const auto error = [&](std::size_t frame) {
    std::string text = journal.Text();
    const std::size_t at = text.find(journal.frames[frame].payload);
    text[at + journal.frames[frame].payload.size() - 1] ^= 1;
    return ErrorOf(text);
  };
  EXPECT_THAT(error(0), HasSubstr("record 2 (a module) does not match its checksum"));
  EXPECT_THAT(error(3), HasSubstr("record 5 (the start, with the seed) does not match"));
  EXPECT_THAT(error(5), HasSubstr("record 7 (the head of the answer to call 1) does not match"));
  EXPECT_THAT(error(6), HasSubstr("record 8 (a piece of the answer to call 1) does not match"));
  EXPECT_THAT(error(7), HasSubstr("record 9 (something that the cell said) does not match"));
}

TEST(TapeTest, WhatIsNoJournalSaysSo) {
  EXPECT_THAT(ErrorOf(""), HasSubstr("not a journal"));
  EXPECT_THAT(ErrorOf("hello"), HasSubstr("not a journal"));
  EXPECT_THAT(ErrorOf("warder journal 1\nx"), HasSubstr("format 1, and this version of warder reads format 2 only"));
  EXPECT_THAT(ErrorOf("warder journal \x1b[2J\nx"), HasSubstr("format ?"));
  EXPECT_THAT(ErrorOf("warder jour"), HasSubstr("ends within its first line"));
  const std::string text = SmallJournal().Text();
  EXPECT_THAT(ErrorOf(text + "x"), HasSubstr("is of no known kind"));
  EXPECT_THAT(ErrorOf(text + text.substr(kMagic.size())), HasSubstr("more behind its last record"));
  EXPECT_THAT(ErrorOf(std::string(kMagic) + "H\xff\xff\xff\xff" + std::string(9, 'x')), HasSubstr("claims to have"));
}

TEST(TapeTest, AHeaderHasExactlyItsMembers) {
  const std::string text = HeaderText(SmallJournal().header);
  EXPECT_TRUE(ReadHeader(text));
  for (const auto& [from, to, says] : std::vector<std::tuple<std::string, std::string, std::string>>{
           {"\"v8\":\"13.6\"", "\"v8\":1", "no text \"v8\""},
           {"\"v8\":\"13.6\"", "\"v9\":\"13.6\"", "no text \"v8\""},
           {"\"v8\":\"13.6\",", "", "members instead of"},
           {"\"v8\":\"13.6\"", "\"v8\":\"13.6\",\"profile\":\"jitless\"", "only jit is ever named"},
           {"\"v8\":\"13.6\"", "\"v8\":\"13.6\",\"profile\":1", "only jit is ever named"},
           {"\"v8\":\"13.6\",", "\"profile\":\"jit\",", "members instead of"},
           {"\"cpu\":10000", "\"cpu\":0", "wrong \"limits\""},
           {"\"cpu\":10000", "\"cpv\":10000", "wrong \"limits\""},
           {"\"cpu\":10000", "\"c\\npu\":10000", "limit \"c\\npu\" does not exist"},
           {"\"cpu\":10000,", "", "every limit"}}) {
    std::string changed = text;
    ASSERT_NE(changed.find(from), std::string::npos) << from;
    changed.replace(changed.find(from), from.size(), to);
    const auto header = ReadHeader(changed);
    ASSERT_FALSE(header) << to;
    EXPECT_THAT(header.error().message, HasSubstr(says));
  }
  EXPECT_FALSE(ReadHeader("[]"));
  EXPECT_FALSE(ReadHeader("{"));
  EXPECT_FALSE(ReadEnding(R"({"status":"well","reason":"","by":"cell"})"));
  EXPECT_FALSE(ReadEnding(R"({"status":"failed","reason":"","by":"me"})"));
}

}  // namespace
}  // namespace warder::journal
