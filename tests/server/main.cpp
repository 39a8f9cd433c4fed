// SPDX-License-Identifier: Apache-2.0
// test_server FOLDER [options]: serves a folder's files on the loopback device until it is killed,
// for pipelines and benchmarks. Prints its base URL, and at the end what was asked of it.
#include <fmt/format.h>
#include <pthread.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <boost/filesystem.hpp>
#include <cstdio>
#include <exception>
#include <fstream>
#include <optional>
#include <string>

#include "support/folder_server.h"

using namespace maskmill;
using namespace maskmill::tests;

namespace {

/// Whole or absent: who waits for it reads it at once.
void put(const std::string& path, const std::string& text) {
  std::ofstream(path + ".new", std::ios::binary) << text;
  fs::rename(path + ".new", path);
}

int serve(int argc, char** argv) {
  CLI::App app("Serves a folder's files on the loopback device until it is killed.");
  std::string folder, port_file, certificate;
  WebOptions web{.keeps_requests = false};
  std::optional<std::uint64_t> faults;
  int delay_ms = 0;
  bool goog_hash = false;
  app.add_option("FOLDER", folder)->required();
  app.add_option("--port", web.port, "else any that is free");
  app.add_option("--port-file", port_file, "write the base URL there when it can be asked");
  app.add_option("--certificate", certificate, "serve with TLS; write what a client has to trust there");
  auto* http2 = app.add_flag("--http2", web.http2,
                             "offer HTTP/2 with TLS; without TLS it is there for who knows it beforehand");
  http2->needs("--certificate");
  app.add_option("--faults", faults, "spoil a fifth of the replies, chosen by this seed");
  app.add_option("--delay", delay_ms, "milliseconds before each reply");
  app.add_flag("--goog-hash", goog_hash, "state CRC-32C and MD5 as Google Cloud Storage does");
  CLI11_PARSE(app, argc, argv);

  sigset_t endings;
  ::sigemptyset(&endings);
  for (const int signal : {SIGINT, SIGTERM}) ::sigaddset(&endings, signal);
  ::pthread_sigmask(SIG_BLOCK, &endings, nullptr);  // before there are threads, which inherit it
  web.tls = !certificate.empty();
  const FolderOptions options{.goog_hash = goog_hash ? GoogHash::lines : GoogHash::none,
                              .delay = std::chrono::milliseconds(delay_ms)};
  const FolderServer server(folder, options, web, faults ? seeded_faults(*faults) : Hook());
  if (web.tls) put(certificate, read_file(server.web().certificate()));
  fmt::print("{}\n", server.url(""));
  std::fflush(stdout);
  if (!port_file.empty()) put(port_file, server.url("") + "\n");
  int ended_by = 0;
  ::sigwait(&endings, &ended_by);
  const WebCounts counts = server.web().counts();
  fmt::print("{{\"requests\": {}, \"connections\": {}, \"most_requests\": {}, \"most_connections\": {}}}\n",
             counts.requests, counts.connections, counts.most_requests, counts.most_connections);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  try {
    return serve(argc, argv);
  } catch (const std::exception& error) {
    fmt::print(stderr, "test_server: {}\n", error.what());
    return 3;
  }
}
