// Owners of libcurl's handles.
#pragma once

#include <curl/curl.h>
#include <openssl/crypto.h>

#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>

namespace warder::broker {

struct CurlCleanup {
  void operator()(CURL* easy) const { curl_easy_cleanup(easy); }
};

using EasyHandle = std::unique_ptr<CURL, CurlCleanup>;

// A list of strings as libcurl takes it. It must outlive the transfer that uses it.
class CurlStrings {
 public:
  void Add(const std::string& text) {
    curl_slist* longer = curl_slist_append(list_.get(), text.c_str());
    if (longer == nullptr) throw std::bad_alloc();
    (void)list_.release();
    list_.reset(longer);
  }
  curl_slist* get() const { return list_.get(); }

 private:
  struct Free {
    void operator()(curl_slist* list) const {
      for (curl_slist* each = list; each != nullptr; each = each->next) {
        OPENSSL_cleanse(each->data, std::strlen(each->data));  // a header may hold a credential
      }
      curl_slist_free_all(list);
    }
  };
  std::unique_ptr<curl_slist, Free> list_;
};

}  // namespace warder::broker
