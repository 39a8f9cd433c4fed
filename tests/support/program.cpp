// SPDX-License-Identifier: Apache-2.0
#include "support/program.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <boost/filesystem.hpp>
#include <csignal>
#include <iterator>
#include <stdexcept>
#include <utility>

#include "support/schemas.h"

namespace maskmill::tests {

Running::Running(const std::vector<std::string>& words) {
  const Path out = scratch_ / "out", err = scratch_ / "err";
  std::vector<char*> argv;
  for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
  argv.push_back(nullptr);
  process_ = ::fork();
  if (process_ != 0) return;
  const int null = ::open("/dev/null", O_RDONLY);
  ::dup2(null, STDIN_FILENO);
  ::dup2(::open(out.c_str(), O_WRONLY | O_CREAT, 0600), STDOUT_FILENO);
  ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT, 0600), STDERR_FILENO);
  ::execv(argv[0], argv.data());
  ::_exit(127);
}

Running::~Running() {
  if (process_ < 0) return;
  ::kill(process_, SIGKILL);
  ::waitpid(process_, nullptr, 0);
}

void Running::signal(int number) const {
  ::kill(process_, number);
}

bool Running::stop() const {
  signal(SIGSTOP);
  siginfo_t state{};
  ::waitid(P_PID, static_cast<id_t>(process_), &state, WSTOPPED | WEXITED | WNOWAIT);
  return state.si_code == CLD_STOPPED;
}

bool Running::has_ended() const {
  siginfo_t state{};
  ::waitid(P_PID, static_cast<id_t>(process_), &state, WEXITED | WNOWAIT | WNOHANG);
  return state.si_pid == process_;
}

Ran Running::wait() {
  int status = 0;
  struct rusage used {};
  ::wait4(std::exchange(process_, -1), &status, 0, &used);
  const Path out = scratch_ / "out", err = scratch_ / "err";
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status),
          fs::exists(out) ? read_file(out) : "", fs::exists(err) ? read_file(err) : "", used.ru_maxrss};
}

Ran run_program_at(const std::vector<std::string>& words) {
  return Running(words).wait();
}

std::vector<std::string> maskmill_words(const std::vector<std::string>& words) {
  std::vector<std::string> all{std::string(MASKMILL_BIN_DIR) + "/maskmill"};
  all.insert(all.end(), words.begin(), words.end());
  return all;
}

Ran maskmill(const std::vector<std::string>& words, const std::vector<std::string>& through) {
  std::vector<std::string> all = through;
  std::ranges::copy(maskmill_words(words), std::back_inserter(all));
  Ran ran = run_program_at(all);
  if (std::ranges::find(words, "--json") != words.end() && (ran.status == 0 || ran.status == 1))
    if (const std::string wrong = departures(ran.out, words.front()); !wrong.empty())
      throw std::runtime_error(words.front() + " --json departs from its schema: " + wrong);
  return ran;
}

}  // namespace maskmill::tests
