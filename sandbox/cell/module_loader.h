// The modules of one bundle: ES modules and JSON modules from the Input frames, and the `warder` module.
//
// A relative import is resolved inside the bundle, a bare one can only be "warder". Anything else rejects the bundle
// with a sentence that names the file and the specifier. Nothing is fetched, nothing is read: what the engine sent is
// all there is.
#pragma once

#include <v8-context.h>
#include <v8-exception.h>
#include <v8-local-handle.h>
#include <v8-persistent-handle.h>
#include <v8-script.h>

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "sandbox/cell/specifier.h"
#include "sandbox/proto/cell.pb.h"

namespace warder::cell {

class ModuleLoader {
 public:
  // `warder` is the object whose properties are the exports of the `warder` module. The loader serves the isolate's
  // dynamic imports from here on and must outlive its use.
  ModuleLoader(v8::Local<v8::Context> context, v8::Local<v8::Object> warder);
  ModuleLoader(const ModuleLoader&) = delete;
  ModuleLoader& operator=(const ModuleLoader&) = delete;
  ~ModuleLoader() = default;

  // Appends to a module's source.
  void AddSource(const std::string& name, std::string_view data) { sources_[name].append(data); }

  // Compiles and links the entry and all that it imports, ready to be evaluated. Empty: see rejection().
  v8::MaybeLocal<v8::Module> Load(const std::string& entry);

  const proto::BundleRejected& rejection() const { return rejection_; }

 private:
  // Each returns an empty handle after it has recorded why.
  v8::MaybeLocal<v8::Module> Link(v8::MaybeLocal<v8::Module> module);
  v8::MaybeLocal<v8::Module> Require(const Import& import);
  v8::MaybeLocal<v8::Module> Compile(const std::string& name);
  v8::MaybeLocal<v8::Module> CompileJavaScript(const std::string& name, v8::Local<v8::String> source);
  v8::MaybeLocal<v8::Module> CompileJson(const std::string& name, v8::Local<v8::String> source);
  v8::Local<v8::Module> MakeSynthetic(const std::string& name, const std::vector<v8::Local<v8::String>>& export_names,
                                      v8::Local<v8::Object> exports);
  bool CompileImports();

  void Reject(proto::BundleRejected::Kind kind, std::string message, const std::string& file, int line, int column);
  void RejectImport(const Import& import, const std::string& why);
  void RejectException(proto::BundleRejected::Kind kind, const v8::TryCatch& caught, const std::string& file);
  // The error of a dynamic import.
  v8::Local<v8::Value> RejectionError() const;

  v8::Local<v8::Context> context() const { return context_.Get(isolate_); }
  v8::Local<v8::String> String(std::string_view text) const;

  static ModuleLoader& Of(v8::Isolate* isolate) { return *static_cast<ModuleLoader*>(isolate->GetData(1)); }
  static v8::MaybeLocal<v8::Module> ResolveLinked(v8::Local<v8::Context> context, v8::Local<v8::String> specifier,
                                                  v8::Local<v8::FixedArray> attributes, v8::Local<v8::Module> referrer);
  static v8::MaybeLocal<v8::Value> EvaluateSynthetic(v8::Local<v8::Context> context, v8::Local<v8::Module> module);
  static v8::MaybeLocal<v8::Promise> ImportDynamically(v8::Local<v8::Context> context, v8::Local<v8::Data> options,
                                                       v8::Local<v8::Value> referrer, v8::Local<v8::String> specifier,
                                                       v8::Local<v8::FixedArray> attributes);

  v8::Isolate* isolate_;
  v8::Global<v8::Context> context_;
  std::map<std::string, std::string, std::less<>> sources_;
  std::map<std::string, v8::Global<v8::Module>, std::less<>> modules_;
  std::map<int, std::string> names_;                       // of JavaScript modules, by script
  std::vector<std::string> uncompiled_;                    // modules whose imports are still to be compiled
  std::map<std::string, v8::Global<v8::Object>> exports_;  // of synthetic modules
  proto::BundleRejected rejection_;
  v8::Global<v8::Value> exception_;  // what V8 threw, where it is the reason for the rejection
};

}  // namespace warder::cell
