// The subset construction behind Spotter::Build.
#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <tuple>
#include <utility>

#include "engine/broker/scrub/numbering.h"
#include "engine/broker/scrub/spotter.h"

namespace warder::broker {
namespace {

std::size_t Mix(std::size_t hash, std::size_t value) {
  hash = (hash ^ value) * 0x9E3779B97F4A7C15U;
  return hash ^ hash >> 29;
}

}  // namespace

class SpotterBuilder {
 public:
  explicit SpotterBuilder(const Forms& forms) : forms_(forms) {}

  Result<Spotter> Build() {
    ChooseColumns();
    Begin();
    for (std::uint32_t state = 1; state < states_.size(); ++state) {
      if (states_.size() > Spotter::kMaxStates) {
        return InvalidInput("These secrets together need more than " + std::to_string(Spotter::kMaxStates) +
                            " states to be scrubbed: use fewer secrets in one execution.");
      }
      Expand(state);
    }
    WriteTable();
    for (const Form& form : forms_.all()) {
      spotter_.longest_ = std::max(spotter_.longest_, forms_.Longest(form.first, form.spotted));
    }
    if (spotter_.longest_ > Spotter::kBlock / 4) std::abort();  // four characters are much shorter
    return std::move(spotter_);
  }

 private:
  using Range = Spotter::Range;

  struct State {
    std::uint32_t oldest;  // a set's number
    std::uint32_t rest;    // the state of what began later; met, and so expanded, before this one
  };
  struct Move {
    std::uint32_t column;
    Node node;
    bool operator==(const Move&) const = default;
    bool operator<(const Move& other) const { return std::tie(column, node) < std::tie(other.column, other.node); }
  };
  struct SetMove {
    std::uint32_t column;
    std::uint32_t set;
  };

  void ChooseColumns() {
    std::array<bool, 256> used{};
    for (const Form& form : forms_.all()) {
      for (std::uint32_t character = form.first; character < form.spotted; ++character) {
        for (std::size_t place = 0; place < forms_.PlacesOf(character); ++place) {
          const Node node(character, static_cast<std::uint8_t>(place));
          for (const Spelling::Edge edge : forms_.EdgesFrom(node)) used[edge.byte] = true;
        }
      }
    }
    for (std::size_t byte = 0; byte < used.size(); ++byte) {
      if (used[byte]) spotter_.columns_[byte] = column_count_++;
    }
  }

  // The idle state, and where each byte leads from it.
  void Begin() {
    nodes_to_begin_.reserve(forms_.all().size());
    for (const Form& form : forms_.all()) nodes_to_begin_.emplace_back(form.first, 0);
    states_.push_back({FindSet({}), 0});
    rows_.resize(column_count_);
    for (const SetMove move : MovesOf(nodes_to_begin_)) rows_[move.column] = FindState({move.set, 0});
  }

  void Expand(std::uint32_t state) {
    const auto [oldest, rest] = states_[state];
    const std::size_t row = rows_.size();
    const std::size_t rest_row = std::size_t{rest} * column_count_;
    rows_.resize(row + column_count_);
    std::copy_n(rows_.begin() + static_cast<std::ptrdiff_t>(rest_row), column_count_,
                rows_.begin() + static_cast<std::ptrdiff_t>(row));
    if (oldest >= expanded_sets_) ExpandSets(oldest);
    for (std::uint32_t i = set_moves_at_[oldest].begin; i < set_moves_at_[oldest].end; ++i) {
      const SetMove move = set_moves_[i];
      rows_[row + move.column] = FindState({move.set, rows_[rest_row + move.column]});
    }
  }

  void ExpandSets(std::uint32_t last) {
    for (; expanded_sets_ <= last; ++expanded_sets_) {
      const Range range = sets_[expanded_sets_];
      const WipedVector<Node> nodes(spotter_.oldest_.begin() + range.begin, spotter_.oldest_.begin() + range.end);
      const auto begin = static_cast<std::uint32_t>(set_moves_.size());
      const WipedVector<SetMove> moves = MovesOf(nodes);
      set_moves_.insert(set_moves_.end(), moves.begin(), moves.end());
      set_moves_at_.push_back({begin, static_cast<std::uint32_t>(set_moves_.size())});
    }
  }

  // Where the bytes lead from a set of nodes.
  WipedVector<SetMove> MovesOf(const WipedVector<Node>& nodes) {
    WipedVector<Move> moves;
    for (const Node node : nodes) {
      if (forms_.IsSpotted(node)) continue;
      for (const Spelling::Edge edge : forms_.EdgesFrom(node)) {
        moves.push_back({spotter_.columns_[edge.byte], Forms::Follow(node, edge)});
      }
    }
    std::sort(moves.begin(), moves.end());
    moves.erase(std::unique(moves.begin(), moves.end()), moves.end());
    WipedVector<SetMove> set_moves;
    WipedVector<Node> set;
    for (auto move = moves.begin(); move != moves.end();) {
      const std::uint32_t column = move->column;
      set.clear();
      for (; move != moves.end() && move->column == column; ++move) set.push_back(move->node);
      set_moves.push_back({column, FindSet(set)});
    }
    return set_moves;
  }

  std::uint32_t FindSet(const WipedVector<Node>& set) {
    const auto hash = [](auto begin, auto end) {
      std::size_t value = 0;
      for (; begin != end; ++begin) value = Mix(value, std::size_t{begin->character()} << 8 | begin->place());
      return value;
    };
    const std::uint32_t number = set_numbers_.Find(
        hash(set.begin(), set.end()), [&](std::uint32_t other) { return std::ranges::equal(NodesOf(other), set); },
        [&](std::uint32_t other) { return hash(NodesOf(other).begin(), NodesOf(other).end()); });
    if (number == sets_.size()) {
      const auto begin = static_cast<std::uint32_t>(spotter_.oldest_.size());
      spotter_.oldest_.insert(spotter_.oldest_.end(), set.begin(), set.end());
      sets_.push_back({begin, static_cast<std::uint32_t>(spotter_.oldest_.size())});
    }
    return number;
  }

  std::span<const Node> NodesOf(std::uint32_t set) const {
    return std::span(spotter_.oldest_).subspan(sets_[set].begin, sets_[set].end - sets_[set].begin);
  }

  std::uint32_t FindState(State state) {
    // What began later and is in the same places (behind one backslash more, say) makes no difference.
    const auto is_in_oldest = [&](std::uint32_t set) {
      const std::span<const Node> all = NodesOf(state.oldest);
      const std::span<const Node> part = NodesOf(set);
      return std::includes(all.begin(), all.end(), part.begin(), part.end());
    };
    while (state.rest != Spotter::kIdle && is_in_oldest(states_[state.rest].oldest)) {
      state.rest = states_[state.rest].rest;
    }
    const auto hash = [](State of) { return Mix(Mix(0, of.oldest), of.rest); };
    const std::uint32_t number =
        1 +
        state_numbers_.Find(
            hash(state),
            [&](std::uint32_t i) { return states_[i + 1].oldest == state.oldest && states_[i + 1].rest == state.rest; },
            [&](std::uint32_t i) { return hash(states_[i + 1]); });
    if (number == states_.size()) states_.push_back(state);
    return number;
  }

  bool Spots(std::uint32_t state) const {
    for (; state != Spotter::kIdle; state = states_[state].rest) {
      const Range range = sets_[states_[state].oldest];
      for (std::uint32_t i = range.begin; i < range.end; ++i) {
        if (forms_.IsSpotted(spotter_.oldest_[i])) return true;
      }
    }
    return false;
  }

  // Gives the states their final numbers, the spotting ones last.
  void WriteTable() {
    WipedVector<std::uint32_t> order(states_.size());
    for (std::uint32_t state = 0; state < order.size(); ++state) order[state] = state;
    const auto spotting = std::stable_partition(order.begin(), order.end(), [&](auto state) { return !Spots(state); });
    WipedVector<Spotter::State> final(order.size());
    for (std::size_t i = 0; i < order.size(); ++i) final[order[i]] = static_cast<Spotter::State>(i);

    spotter_.first_spotting_ = static_cast<Spotter::State>(spotting - order.begin());
    spotter_.table_.resize(rows_.size());
    for (std::size_t state = 0; state < order.size(); ++state) {
      for (std::size_t column = 0; column < column_count_; ++column) {
        spotter_.table_[column * order.size() + state] =
            final[rows_[std::size_t{order[state]} * column_count_ + column]];
      }
      spotter_.oldest_at_.push_back(sets_[states_[order[state]].oldest]);
    }
    for (std::uint32_t& column : spotter_.columns_) column *= static_cast<std::uint32_t>(order.size());
    WriteSpotted({spotting, order.end()});
  }

  void WriteSpotted(std::span<const std::uint32_t> states) {
    const std::span<const Form> forms = forms_.all();
    WipedVector<std::uint32_t> form_at(forms.empty() ? 0 : forms.back().end);
    for (std::uint32_t form = 0; form < forms.size(); ++form) form_at[forms[form].spotted] = form;
    for (const std::uint32_t spotting : states) {
      WipedVector<std::uint32_t> found;
      for (std::uint32_t state = spotting; state != Spotter::kIdle; state = states_[state].rest) {
        const Range range = sets_[states_[state].oldest];
        for (std::uint32_t i = range.begin; i < range.end; ++i) {
          const Node node = spotter_.oldest_[i];
          if (forms_.IsSpotted(node)) found.push_back(form_at[node.character()]);
        }
      }
      std::sort(found.begin(), found.end());
      found.erase(std::unique(found.begin(), found.end()), found.end());
      const auto begin = static_cast<std::uint32_t>(spotter_.spotted_.size());
      spotter_.spotted_.insert(spotter_.spotted_.end(), found.begin(), found.end());
      spotter_.spotted_at_.push_back({begin, static_cast<std::uint32_t>(spotter_.spotted_.size())});
    }
  }

  const Forms& forms_;
  Spotter spotter_;
  std::uint32_t column_count_ = 1;
  WipedVector<Node> nodes_to_begin_;
  Numbering set_numbers_;
  WipedVector<Range> sets_;  // into spotter_.oldest_
  std::uint32_t expanded_sets_ = 0;
  WipedVector<SetMove> set_moves_;
  WipedVector<Range> set_moves_at_;  // by set
  Numbering state_numbers_;
  WipedVector<State> states_;
  WipedVector<std::uint32_t> rows_;  // by state, then by column
};

Result<Spotter> Spotter::Build(const Forms& forms) { return SpotterBuilder(forms).Build(); }

}  // namespace warder::broker
