// A file of a folder that the build has made a part of the program (embed_folder.py).
#pragma once

#include <string_view>

namespace warder::cli {

struct EmbeddedFile {
  std::string_view path, text;  // the path from the folder on
};

}  // namespace warder::cli
