#include "sandbox/cell/module_loader.h"

#include <v8-container.h>
#include <v8-function.h>
#include <v8-json.h>
#include <v8-message.h>
#include <v8-primitive.h>
#include <v8-promise.h>

#include <utility>

#include "sandbox/cell/stack_text.h"

namespace warder::cell {
namespace {

// The attributes of a static import come as key, value, offset; those of a dynamic one without the offset.
enum class AttributeStride { kStatic = 3, kDynamic = 2 };

Import MakeImport(v8::Local<v8::Context> context, std::string file, v8::Local<v8::String> specifier,
                  v8::Local<v8::FixedArray> attributes, AttributeStride stride) {
  v8::Isolate* const isolate = context->GetIsolate();
  Import import{.file = std::move(file), .specifier = ToUtf8(isolate, specifier), .attributes = {}};
  for (int i = 0; i + 1 < attributes->Length(); i += static_cast<int>(stride)) {
    import.attributes.emplace_back(ToUtf8(isolate, attributes->Get(context, i).As<v8::Value>()),
                                   ToUtf8(isolate, attributes->Get(context, i + 1).As<v8::Value>()));
  }
  return import;
}

void ReturnData(const v8::FunctionCallbackInfo<v8::Value>& info) { info.GetReturnValue().Set(info.Data()); }

}  // namespace

ModuleLoader::ModuleLoader(v8::Local<v8::Context> context, v8::Local<v8::Object> warder)
    : isolate_(context->GetIsolate()), context_(isolate_, context) {
  isolate_->SetData(1, this);
  isolate_->SetHostImportModuleDynamicallyCallback(ImportDynamically);
  std::vector<v8::Local<v8::String>> names;
  const auto properties = warder->GetOwnPropertyNames(context).ToLocalChecked();
  for (std::uint32_t i = 0; i < properties->Length(); ++i) {
    names.push_back(properties->Get(context, i).ToLocalChecked().As<v8::String>());
  }
  MakeSynthetic(std::string(kWarderModule), names, warder);
}

v8::Local<v8::String> ModuleLoader::String(std::string_view text) const {
  return v8::String::NewFromUtf8(isolate_, text.data(), v8::NewStringType::kNormal, static_cast<int>(text.size()))
      .ToLocalChecked();
}

v8::MaybeLocal<v8::Module> ModuleLoader::Load(const std::string& entry) {
  if (!sources_.contains(entry)) {
    Reject(proto::BundleRejected::IMPORT, "The bundle has no file \"" + entry + "\".", entry, 0, 0);
    return {};
  }
  return Link(Compile(entry));
}

v8::MaybeLocal<v8::Module> ModuleLoader::Link(v8::MaybeLocal<v8::Module> maybe) {
  v8::Local<v8::Module> module;
  if (!maybe.ToLocal(&module) || !CompileImports()) return {};
  const v8::TryCatch caught(isolate_);
  rejection_.Clear();
  if (module->InstantiateModule(context(), ResolveLinked).FromMaybe(false)) return module;
  // Either ResolveLinked has said why, or all modules are there and what is missing is an exported name.
  if (rejection_.message().empty()) RejectException(proto::BundleRejected::IMPORT, caught, {});
  return {};
}

v8::MaybeLocal<v8::Module> ModuleLoader::Require(const Import& import) {
  const auto resolved = Resolve(import, [this](const std::string& name) { return sources_.contains(name); });
  if (const auto* const refusal = std::get_if<Refusal>(&resolved)) {
    RejectImport(import, refusal->why);
    return {};
  }
  const auto& name = std::get<std::string>(resolved);
  if (const auto it = modules_.find(name); it != modules_.end()) return it->second.Get(isolate_);
  return Compile(name);
}

v8::MaybeLocal<v8::Module> ModuleLoader::Compile(const std::string& name) {
  const std::string& text = sources_.find(name)->second;
  const v8::TryCatch caught(isolate_);
  v8::Local<v8::String> source;
  if (text.size() > static_cast<std::size_t>(v8::String::kMaxLength) ||
      !v8::String::NewFromUtf8(isolate_, text.data(), v8::NewStringType::kNormal, static_cast<int>(text.size()))
           .ToLocal(&source)) {
    Reject(proto::BundleRejected::SYNTAX, name + " is too long.", name, 0, 0);
    return {};
  }
  const auto module = IsJson(name) ? CompileJson(name, source) : CompileJavaScript(name, source);
  if (module.IsEmpty()) RejectException(proto::BundleRejected::SYNTAX, caught, name);
  return module;
}

v8::MaybeLocal<v8::Module> ModuleLoader::CompileJavaScript(const std::string& name, v8::Local<v8::String> text) {
  const v8::ScriptOrigin origin(String(name), 0, 0, false, -1, {}, false, false, true);
  v8::ScriptCompiler::Source source(text, origin);
  v8::Local<v8::Module> module;
  if (!v8::ScriptCompiler::CompileModule(isolate_, &source).ToLocal(&module)) return {};
  names_[module->ScriptId()] = name;
  modules_[name].Reset(isolate_, module);
  uncompiled_.push_back(name);
  return module;
}

v8::MaybeLocal<v8::Module> ModuleLoader::CompileJson(const std::string& name, v8::Local<v8::String> text) {
  v8::Local<v8::Value> value;
  if (!v8::JSON::Parse(context(), text).ToLocal(&value)) return {};
  const auto exports = v8::Object::New(isolate_);
  const auto key = String("default");
  exports->Set(context(), key, value).Check();
  return MakeSynthetic(name, {key}, exports);
}

v8::Local<v8::Module> ModuleLoader::MakeSynthetic(const std::string& name,
                                                  const std::vector<v8::Local<v8::String>>& export_names,
                                                  v8::Local<v8::Object> exports) {
  const auto module = v8::Module::CreateSyntheticModule(isolate_, String(name),
                                                        {export_names.data(), export_names.size()}, EvaluateSynthetic);
  modules_[name].Reset(isolate_, module);
  exports_[name].Reset(isolate_, exports);
  return module;
}

bool ModuleLoader::CompileImports() {
  while (!uncompiled_.empty()) {
    const std::string name = std::move(uncompiled_.back());
    uncompiled_.pop_back();
    const auto module = modules_[name].Get(isolate_);
    const auto requests = module->GetModuleRequests();
    for (int i = 0; i < requests->Length(); ++i) {
      const auto request = requests->Get(context(), i).As<v8::ModuleRequest>();
      Import import = MakeImport(context(), name, request->GetSpecifier(), request->GetImportAttributes(),
                                 AttributeStride::kStatic);
      v8::Location place = module->SourceOffsetToLocation(request->GetSourceOffset());
      import.line = place.GetLineNumber() + 1;
      import.column = place.GetColumnNumber() + 1;
      if (Require(import).IsEmpty()) return false;
    }
  }
  return true;
}

v8::MaybeLocal<v8::Module> ModuleLoader::ResolveLinked(v8::Local<v8::Context> context, v8::Local<v8::String> specifier,
                                                       v8::Local<v8::FixedArray> attributes,
                                                       v8::Local<v8::Module> referrer) {
  ModuleLoader& loader = Of(context->GetIsolate());
  const auto module = loader.Require(
      MakeImport(context, loader.names_[referrer->ScriptId()], specifier, attributes, AttributeStride::kStatic));
  if (module.IsEmpty()) loader.isolate_->ThrowException(loader.RejectionError());
  return module;
}

v8::MaybeLocal<v8::Value> ModuleLoader::EvaluateSynthetic(v8::Local<v8::Context> context,
                                                          v8::Local<v8::Module> module) {
  v8::Isolate* const isolate = context->GetIsolate();
  ModuleLoader& loader = Of(isolate);
  for (const auto& [name, candidate] : loader.modules_) {
    if (candidate != module) continue;
    const auto exports = loader.exports_[name].Get(isolate);
    const auto names = exports->GetOwnPropertyNames(context).ToLocalChecked();
    for (std::uint32_t i = 0; i < names->Length(); ++i) {
      const auto key = names->Get(context, i).ToLocalChecked().As<v8::String>();
      const auto value = exports->Get(context, key).ToLocalChecked();
      if (module->SetSyntheticModuleExport(isolate, key, value).IsNothing()) return {};
    }
  }
  v8::Local<v8::Promise::Resolver> resolver;
  if (!v8::Promise::Resolver::New(context).ToLocal(&resolver)) return {};
  if (resolver->Resolve(context, v8::Undefined(isolate)).IsNothing()) return {};
  return resolver->GetPromise();
}

v8::MaybeLocal<v8::Promise> ModuleLoader::ImportDynamically(v8::Local<v8::Context> context, v8::Local<v8::Data>,
                                                            v8::Local<v8::Value> referrer,
                                                            v8::Local<v8::String> specifier,
                                                            v8::Local<v8::FixedArray> attributes) {
  v8::Isolate* const isolate = context->GetIsolate();
  ModuleLoader& loader = Of(isolate);
  v8::Local<v8::Promise::Resolver> resolver;
  if (!v8::Promise::Resolver::New(context).ToLocal(&resolver)) return {};
  const Import import =
      MakeImport(context, ToUtf8(isolate, referrer), specifier, attributes, AttributeStride::kDynamic);
  v8::Local<v8::Module> module;
  if (!loader.Link(loader.Require(import)).ToLocal(&module)) {
    if (resolver->Reject(context, loader.RejectionError()).IsNothing()) return {};
    return resolver->GetPromise();
  }
  v8::Local<v8::Value> evaluated;
  v8::Local<v8::Function> to_namespace;
  if (!module->Evaluate(context).ToLocal(&evaluated) ||
      !v8::Function::New(context, ReturnData, module->GetModuleNamespace()).ToLocal(&to_namespace)) {
    return {};
  }
  return evaluated.As<v8::Promise>()->Then(context, to_namespace);
}

void ModuleLoader::Reject(proto::BundleRejected::Kind kind, std::string message, const std::string& file, int line,
                          int column) {
  rejection_.Clear();
  rejection_.set_kind(kind);
  rejection_.set_message(Shorten(std::move(message)));
  rejection_.set_file(file);
  rejection_.set_line(static_cast<std::uint32_t>(line));
  rejection_.set_column(static_cast<std::uint32_t>(column));
  exception_.Reset();
  uncompiled_.clear();
}

void ModuleLoader::RejectImport(const Import& import, const std::string& why) {
  Reject(proto::BundleRejected::IMPORT, import.file + " imports \"" + import.specifier + "\", " + why + ".",
         import.file, import.line, import.column);
}

void ModuleLoader::RejectException(proto::BundleRejected::Kind kind, const v8::TryCatch& caught,
                                   const std::string& file) {
  if (!caught.HasCaught()) return;  // Require has said why
  const auto message = caught.Message();
  std::string name = file;
  std::string text = "cannot be compiled";
  int line = 0;
  int column = 0;
  if (!message.IsEmpty()) {
    // "Uncaught SyntaxError: Unexpected token" as V8 words it.
    text = ToUtf8(isolate_, message->Get());
    if (constexpr std::string_view kPrefix = "Uncaught "; text.starts_with(kPrefix)) text.erase(0, kPrefix.size());
    line = message->GetLineNumber(context()).FromMaybe(0);
    column = line > 0 ? message->GetStartColumn(context()).FromMaybe(-1) + 1 : 0;
    if (name.empty()) name = ToUtf8(isolate_, message->GetScriptResourceName());
  }
  if (IsJson(name)) line = column = 0;  // V8 gives the place of the call, not the place in the text
  Reject(kind, name + ": " + text, name, line, column);
  exception_.Reset(isolate_, caught.Exception());
}

v8::Local<v8::Value> ModuleLoader::RejectionError() const {
  if (!exception_.IsEmpty()) return exception_.Get(isolate_);
  return v8::Exception::TypeError(String(rejection_.message()));
}

}  // namespace warder::cell
