#include <algorithm>
#include <filesystem>
#include <limits>
#include <set>
#include <utility>

#include "engine/coverage/stretches.h"
#include "engine/coverage/utf16.h"
#include "engine/source_map/source_map.h"
#include "warder/coverage.h"

namespace warder {
namespace {

using coverage::Stretch;

bool IsJavaScript(std::string_view name) { return name.ends_with(".js") || name.ends_with(".mjs"); }

// "a/b/index.js" of the file b/index.js of the bundle a; a bundle of one file is that file.
std::string PathOf(const std::string& path, const Bundle& bundle, const std::string& module) {
  const std::filesystem::path at(path);
  const bool is_file = bundle.files().size() == 1 && at.filename() == module;
  return (is_file ? at : at / module).lexically_normal().string();
}

// The lines of a source, without what ends them.
std::vector<Stretch> LinesOf(std::string_view source) {
  std::vector<Stretch> lines;
  std::uint32_t begin = 0;
  while (!source.empty()) {
    const std::size_t end = std::min(source.find('\n'), source.size());
    std::string_view line = source.substr(0, end);
    const std::uint32_t whole = coverage::Utf16Length(line);
    if (line.ends_with('\r')) line.remove_suffix(1);
    lines.push_back({begin, begin + coverage::Utf16Length(line)});
    begin += whole + 1;
    source.remove_prefix(std::min(end + 1, source.size()));
  }
  return lines;
}

const Bundle::SourceMap* MapOf(const Bundle& bundle, const std::string& module) {
  const auto& maps = bundle.source_maps();
  const auto found =
      std::find_if(maps.begin(), maps.end(), [&](const Bundle::SourceMap& each) { return each.module == module; });
  return found == maps.end() ? nullptr : &*found;
}

bool IsSomebodyElses(const std::string& path) {
  return path.starts_with("node_modules/") || path.find("/node_modules/") != std::string::npos;
}

}  // namespace

class LineCoverage::Impl {
 public:
  void Add(const std::string& path, const std::shared_ptr<const Bundle>& bundle,
           const std::vector<ModuleCoverage>& coverage) {
    auto& known = bundles_[{path, bundle->sha256()}];
    if (known.empty()) {
      for (const Bundle::File& file : bundle->files()) {
        if (IsJavaScript(file.name)) known.emplace(file.name, Read(path, *bundle, file));
      }
    }
    for (const ModuleCoverage& each : coverage) {
      const auto module = known.find(each.module);
      if (module != known.end()) Count(module->second, each.ranges);
    }
  }

  std::vector<File> Files() const {
    std::vector<File> files;
    for (const auto& [path, lines] : files_) {
      const auto covered = std::count_if(lines.begin(), lines.end(), [](const auto& line) { return line.second > 0; });
      files.push_back({path, lines, static_cast<std::size_t>(covered)});
    }
    return files;
  }

  const std::vector<std::string>& problems() const { return problems_; }

 private:
  using Lines = std::map<std::uint32_t, std::uint64_t>;
  // The stretches of a module, and of which of its lines each is.
  struct Module {
    std::vector<Stretch> stretches;
    std::vector<std::size_t> line_of;
    std::vector<Lines::value_type*> lines;
  };

  Module Read(const std::string& path, const Bundle& bundle, const Bundle::File& file) {
    const std::string at = PathOf(path, bundle, file.name);
    const std::vector<Stretch> lines = LinesOf(file.source);
    if (const Bundle::SourceMap* const map = MapOf(bundle, file.name)) {
      auto parsed = map->problem.empty() ? source_map::SourceMap::Parse(map->text) : InvalidInput("");
      if (parsed) return Mapped(at, *parsed, lines);
      problems_.push_back(map->problem.empty() ? "the source map of " + at + " is not used: " + parsed.error().message
                                               : map->problem);
    }
    Module module{lines, {}, {}};
    for (std::size_t i = 0; i < lines.size(); ++i) {
      module.line_of.push_back(i);
      module.lines.push_back(LineAt(at, i + 1));
    }
    return module;
  }

  Module Mapped(const std::string& at, const source_map::SourceMap& map, const std::vector<Stretch>& lines) {
    const auto folder = std::filesystem::path(at).parent_path();
    std::vector<std::string> paths;
    for (const std::string& each : map.paths()) {
      std::string path = each.empty() ? std::string() : (folder / each).lexically_normal().string();
      paths.push_back(IsSomebodyElses(path) ? std::string() : std::move(path));
    }
    Module module;
    std::map<std::pair<std::uint32_t, std::uint32_t>, std::size_t> known;  // by source and line
    map.mappings().ForEach([&](source_map::Position generated, const source_map::Original& original) {
      const std::string& path = paths[original.source];
      if (path.empty() || generated.line >= lines.size()) return;
      const std::uint64_t offset = std::uint64_t{lines[generated.line].begin} + generated.column;
      if (offset >= lines[generated.line].end) return;
      const auto begin = static_cast<std::uint32_t>(offset);
      module.stretches.push_back({begin, begin + 1});
      const auto found = known.try_emplace({original.source, original.position.line}, module.lines.size());
      if (found.second) module.lines.push_back(LineAt(path, std::size_t{original.position.line} + 1));
      module.line_of.push_back(found.first->second);
    });
    return module;
  }

  // Nodes of maps stay where they are.
  Lines::value_type* LineAt(const std::string& path, std::size_t line) {
    return &*files_[path].try_emplace(static_cast<std::uint32_t>(line), 0).first;
  }

  static void Count(const Module& module, const std::vector<CoveredRange>& ranges) {
    const std::vector<std::uint64_t> counts = coverage::CountStretches(module.stretches, ranges);
    std::vector<std::uint64_t> most(module.lines.size(), 0);
    for (std::size_t i = 0; i < counts.size(); ++i) {
      std::uint64_t& count = most[module.line_of[i]];
      count = std::max(count, counts[i]);
    }
    for (std::size_t i = 0; i < most.size(); ++i) {
      std::uint64_t& total = module.lines[i]->second;
      total += std::min(most[i], std::numeric_limits<std::uint64_t>::max() - total);
    }
  }

  std::map<std::string, Lines> files_;
  std::map<std::pair<std::string, std::string>, std::map<std::string, Module>> bundles_;  // by path and hash
  std::vector<std::string> problems_;
};

LineCoverage::LineCoverage() : impl_(std::make_unique<Impl>()) {}
LineCoverage::~LineCoverage() = default;

void LineCoverage::Add(const std::string& path, const std::shared_ptr<const Bundle>& bundle,
                       const std::vector<ModuleCoverage>& coverage) {
  impl_->Add(path, bundle, coverage);
}

std::vector<LineCoverage::File> LineCoverage::Files() const { return impl_->Files(); }

double LineCoverage::Percent() const {
  std::size_t lines = 0;
  std::size_t covered = 0;
  for (const File& file : Files()) {
    lines += file.lines.size();
    covered += file.covered;
  }
  return lines == 0 ? 100 : 100 * static_cast<double>(covered) / static_cast<double>(lines);
}

const std::vector<std::string>& LineCoverage::problems() const { return impl_->problems(); }

}  // namespace warder
