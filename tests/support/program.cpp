// SPDX-License-Identifier: Apache-2.0
#include "support/program.h"

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <stdexcept>

#include "support/schemas.h"
#include "support/scratch.h"

namespace maskmill::tests {

Ran run_program_at(const std::vector<std::string>& words) {
  const Scratch scratch;
  const Path out = scratch / "out", err = scratch / "err";
  const pid_t child = ::fork();
  if (child == 0) {
    const int null = ::open("/dev/null", O_RDONLY);
    ::dup2(null, STDIN_FILENO);
    ::dup2(::open(out.c_str(), O_WRONLY | O_CREAT, 0600), STDOUT_FILENO);
    ::dup2(::open(err.c_str(), O_WRONLY | O_CREAT, 0600), STDERR_FILENO);
    std::vector<char*> argv;
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    ::execv(argv[0], argv.data());
    ::_exit(127);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return {WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status), read_file(out), read_file(err)};
}

Ran maskmill(const std::vector<std::string>& words, const std::vector<std::string>& through) {
  std::vector<std::string> all = through;
  all.push_back(std::string(MASKMILL_BIN_DIR) + "/maskmill");
  all.insert(all.end(), words.begin(), words.end());
  Ran ran = run_program_at(all);
  if (std::ranges::find(words, "--json") != words.end() && (ran.status == 0 || ran.status == 1))
    if (const std::string wrong = departures(ran.out, words.front()); !wrong.empty())
      throw std::runtime_error(words.front() + " --json departs from its schema: " + wrong);
  return ran;
}

}  // namespace maskmill::tests
