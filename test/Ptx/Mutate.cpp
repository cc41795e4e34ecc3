//===- Mutate.cpp - Breaks single instructions of a kernel ----------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "Mutate.h"

#include <algorithm>
#include <random>
#include <regex>

namespace zorro::ptx {

namespace {

struct Statement {
  size_t begin, end; ///< the ';' included
  uint32_t line;
  std::string text;  ///< one line, no guard
  std::string guard; ///< "@%p1 " or nothing
};

/// The instructions of all kernels.
std::vector<Statement> statementsOf(std::string_view text) {
  std::vector<Statement> statements;
  // Comments become spaces, so that offsets stay.
  std::string code(text);
  for (size_t i = 0; i + 1 < code.size(); ++i)
    if (code[i] == '/' && code[i + 1] == '/')
      while (i < code.size() && code[i] != '\n')
        code[i++] = ' ';
  size_t at = code.find(".entry");
  static const std::regex kLabel(R"(^[$\w]+:\s*)"), kGuard(R"(^@!?[%\w]+\s+)");
  while (at != std::string::npos && (at = code.find('{', at)) != std::string::npos) {
    unsigned depth = 0;
    while (at < code.size()) {
      char c = code[at];
      if (c == '{' || c == '}' || std::isspace(static_cast<unsigned char>(c)) || c == ';') {
        depth += c == '{';
        depth -= c == '}';
        ++at;
        if (c == '}' && !depth)
          break;
        continue;
      }
      size_t end = code.find(';', at);
      if (end == std::string::npos)
        return statements;
      std::string raw = code.substr(at, end + 1 - at);
      std::smatch match;
      while (std::regex_search(raw, match, kLabel)) {
        at += size_t(match.length());
        raw.erase(0, size_t(match.length()));
      }
      // Behind a label a scope or another statement may begin.
      if (!raw.empty() && (raw[0] == '{' || raw[0] == '}'))
        continue;
      Statement statement{at, end + 1,
                          uint32_t(1 + std::count(code.begin(), code.begin() + long(at), '\n')),
                          raw, ""};
      at = end + 1;
      std::replace_if(
          statement.text.begin(), statement.text.end(),
          [](char c) { return c == '\n' || c == '\t'; }, ' ');
      if (std::regex_search(statement.text, match, kGuard)) {
        statement.guard = match.str();
        statement.text.erase(0, size_t(match.length()));
      }
      if (statement.text[0] != '.')
        statements.push_back(std::move(statement));
    }
    at = code.find(".entry", at);
  }
  return statements;
}

class Mutator {
public:
  Mutator(const Statement &statement, std::vector<Mutation> &mutations)
      : statement_(statement), text_(statement.text), mutations_(mutations) {}

  void all() {
    waits();
    copies();
    barriers();
    matrices();
    memory();
    compares();
    arithmetic();
  }

private:
  bool begins(const char *prefix) const { return text_.rfind(prefix, 0) == 0; }
  bool has(const char *part) const { return text_.find(part) != std::string::npos; }
  void add(const char *kind, std::string after, bool guarded = true) {
    if (after == text_)
      return;
    if (guarded && after != ";")
      after = statement_.guard + after;
    mutations_.push_back(
        {kind, statement_.line, statement_.guard + text_, after, statement_.begin, statement_.end});
  }
  void remove(const char *kind) { add(kind, ";"); }
  std::string replaced(const std::string &pattern, const std::string &by) const {
    return std::regex_replace(text_, std::regex(pattern), by,
                              std::regex_constants::format_first_only);
  }
  /// The first number that `pattern` catches in its second group, changed by `f`; its first group
  /// stays.
  template <typename F> std::string number(const std::string &pattern, F f) const {
    std::smatch match;
    if (!std::regex_search(text_, match, std::regex(pattern)))
      return text_;
    std::string value = std::to_string(f(std::stoll(match[2].str(), nullptr, 0)));
    return text_.substr(0, size_t(match.position(2))) + value +
           text_.substr(size_t(match.position(2) + match.length(2)));
  }
  /// The `which`-th address moved on.
  std::string shifted(int bytes, unsigned which = 0) const {
    static const std::regex kAddress(R"(\[\s*([%$\w.]+)\s*(?:\+\s*(-?\d+))?\s*\])");
    auto it = std::sregex_iterator(text_.begin(), text_.end(), kAddress);
    for (; it != std::sregex_iterator() && which; --which)
      ++it;
    if (it == std::sregex_iterator())
      return text_;
    long long offset = (*it)[2].matched ? std::stoll((*it)[2].str()) : 0;
    return text_.substr(0, size_t(it->position())) + "[" + (*it)[1].str() + "+" +
           std::to_string(offset + bytes) + "]" +
           text_.substr(size_t(it->position() + it->length()));
  }
  /// Elements i and j of the `which`-th braces, swapped.
  std::string swapped(unsigned which, size_t i, size_t j) const {
    size_t open = text_.find('{');
    for (; which && open != std::string::npos; --which)
      open = text_.find('{', open + 1);
    size_t close = open == std::string::npos ? open : text_.find('}', open);
    if (close == std::string::npos)
      return text_;
    std::vector<std::string> parts;
    std::string inner = text_.substr(open + 1, close - open - 1);
    static const std::regex kPart(R"([%\w]+)");
    for (auto it = std::sregex_iterator(inner.begin(), inner.end(), kPart);
         it != std::sregex_iterator(); ++it)
      parts.push_back(it->str());
    if (j >= parts.size() || parts[i] == parts[j])
      return text_;
    std::swap(parts[i], parts[j]);
    std::string joined;
    for (const std::string &part : parts)
      joined += (joined.empty() ? "" : ", ") + part;
    return text_.substr(0, open + 1) + joined + text_.substr(close);
  }

  void waits() {
    if (begins("bar.") || begins("barrier."))
      remove("delete bar");
    if (has("commit_group"))
      remove("delete commit_group");
    if (has("wait_group")) {
      remove("delete wait_group");
      add("wait_group N + 1", number(R"((\s)(\d+)\s*;)", [](long long n) { return n + 1; }));
    }
    if (has("wait_all"))
      remove("delete wait_all");
    if (begins("fence.proxy") || begins("wgmma.fence"))
      remove("delete fence");
  }

  void copies() {
    if (begins("cp.async.cg") || begins("cp.async.ca")) {
      remove("delete cp.async");
      add("cp.async target + 16", shifted(16));
      add("cp.async source + 16", shifted(16, 1));
      add("cp.async of all bytes", replaced(R"((,\s*)(\d+)(\s*,\s*)%\w+\s*;)", "$1$2$3$2;"));
    }
    if (begins("cp.async.bulk") && !has("_group ") && !has("commit_group")) {
      remove("delete bulk copy");
      // A tensor map's coordinates stand in braces: the first two change places.
      add("swap coordinates", swapped(0, 0, 1));
    }
  }

  void barriers() {
    if (begins("mbarrier.init"))
      add("barrier count + 1", number(R"((,\s*)(\d+)\s*;)", [](long long n) { return n + 1; }));
    if (begins("mbarrier.arrive"))
      remove("delete arrive");
    if (has("expect_tx"))
      add("expected bytes + 16", number(R"((,\s*)(\d+)\s*;)", [](long long n) { return n + 16; }));
    if (begins("mbarrier.try_wait") || begins("mbarrier.test_wait"))
      add("no wait", replaced(R"(^\S+\s+([%\w]+)\s*,.*$)", "setp.eq.u32 $1, 0, 0;"));
  }

  void matrices() {
    if (begins("ldmatrix") || begins("stmatrix")) {
      add("matrix address + 16", shifted(16));
      add("toggle trans",
          has(".trans") ? replaced(R"(\.trans)", "") : replaced(R"(\.(x[124]))", ".$1.trans"));
    }
    if (begins("ldmatrix"))
      add("swap matrices", swapped(0, 0, 1));
    if (begins("mma.sync")) {
      add("swap fragments of a", swapped(1, 1, 2));
      add("swap fragments of b", swapped(2, 0, 1));
      add("swap accumulators", swapped(3, 0, 2));
      remove("delete product");
    }
    if (begins("wgmma.mma_async")) {
      remove("delete product");
      add("toggle transposition", number(R"((,\s*)(\d+)\s*;)", [](long long n) { return 1 - n; }));
      if (has("}, {"))
        add("swap fragments of a", swapped(1, 1, 2));
    }
    // Descriptors are constants of 64 bits with something in their upper half.
    if ((begins("or.b64") || begins("mov.b64") || begins("add.s64")) &&
        std::regex_search(text_, std::regex(R"(,\s*-?\d{11,}\s*;)"))) {
      add("stride of a descriptor",
          number(R"((,\s*)(-?\d{11,})\s*;)", [](long long n) { return n ^ (1ll << 35); }));
      add("swizzle of a descriptor",
          number(R"((,\s*)(-?\d{11,})\s*;)", [](long long n) { return n ^ (1ll << 62); }));
    }
  }

  void memory() {
    bool load = begins("ld."), store = begins("st.");
    if (!load && !store)
      return;
    if (has(".param"))
      return;
    std::smatch match;
    if (!std::regex_search(text_, match,
                           std::regex(R"(^(?:ld|st)\S*?(?:\.v([24]))?\.[bsuf](\d+)\s)")))
      return;
    int bytes = std::stoi(match[2].str()) / 8 * (match[1].matched ? std::stoi(match[1].str()) : 1);
    add(load ? "load address + 1" : "store address + 1", shifted(bytes));
    if (store)
      remove("delete store");
    if (match[1].matched)
      add("swap elements", swapped(0, 0, 1));
  }

  void compares() {
    static const char *const kPairs[][2] = {{"lt", "le"}, {"le", "lt"}, {"gt", "ge"}, {"ge", "gt"},
                                            {"lo", "ls"}, {"ls", "lo"}, {"hi", "hs"}, {"hs", "hi"}};
    std::smatch match;
    if (std::regex_search(text_, match,
                          std::regex(R"(^setp\.([a-z]+)((?:\.and|\.or|\.xor)?\.[su]\d+))"))) {
      for (auto &pair : kPairs)
        if (match[1] == pair[0])
          add("compare off by one", replaced(R"(^setp\.[a-z]+)", std::string("setp.") + pair[1]));
    }
    if (std::regex_search(text_, match, std::regex(R"(^setp\.(eq|ne)\.)")))
      add("compare inverted",
          replaced(R"(^setp\.(eq|ne))", match[1] == "eq" ? "setp.ne" : "setp.eq"));
    if (begins("selp."))
      add("swap selected",
          replaced(R"(^(\S+\s+[%\w]+\s*,\s*)([^,]+)(,\s*)([^,]+)(,[^,]+;)$)", "$1$4$3$2$5"));
  }

  void arithmetic() {
    if (begins("xor.b32"))
      add("xor constant ^ 16",
          number(R"((,\s*)(16|32|48|64|80|96|112)\s*;)", [](long long n) { return n ^ 16; }));
    if (begins("shfl.sync")) {
      // The value passes by its neighbours.
      add("drop shuffle",
          replaced(R"(^\S+\s+([%\w]+)(?:\|[%\w]+)?\s*,\s*([%\w]+)\s*,.*$)", "mov.b32 $1, $2;"));
      add("shuffle distance", number(R"((,\s*[%\w]+\s*,\s*)(\d+)\s*,)",
                                     [](long long n) { return n == 16 ? 8 : 2 * n; }));
    }
    if (begins("ex2.") || begins("tanh."))
      add("drop function", replaced(R"(^\S+(\s))", "mov.b32$1"));
    if (begins("max.f32") || begins("min.f32"))
      add("drop operand",
          replaced(R"(^\S+\s+([%\w]+)\s*,\s*([^,]+),\s*([^,]+);$)", "mov.b32 $1, $3;"));
    if (begins("fma.rn.f32"))
      add("drop addend", replaced(R"(^\S+\s+([^,]+,[^,]+,[^,]+),[^,]+;$)", "mul.f32 $1;"));
    if (begins("add.f32") || begins("add.rn.f32"))
      add("drop operand",
          replaced(R"(^\S+\s+([%\w]+)\s*,\s*([^,]+),\s*([^,]+);$)", "mov.b32 $1, $3;"));
  }

  const Statement &statement_;
  const std::string &text_;
  std::vector<Mutation> &mutations_;
};

} // namespace

std::string Mutation::apply(std::string_view text) const {
  // Lines stay where they are.
  std::string mutated(text.substr(0, begin));
  mutated += after;
  mutated += std::string(
      size_t(std::count(text.begin() + long(begin), text.begin() + long(end), '\n')), '\n');
  mutated += text.substr(end);
  return mutated;
}

std::vector<Mutation> mutationsOf(std::string_view text) {
  std::vector<Mutation> mutations;
  for (const Statement &statement : statementsOf(text))
    Mutator(statement, mutations).all();
  return mutations;
}

std::vector<Mutation> someOf(const std::vector<Mutation> &mutations, size_t perKind,
                             unsigned seed) {
  std::map<std::string, std::vector<size_t>> kinds;
  for (size_t i = 0; i < mutations.size(); ++i)
    kinds[mutations[i].kind].push_back(i);
  std::mt19937 random(seed);
  std::vector<size_t> chosen;
  for (auto &[kind, all] : kinds) {
    if (kind.find("compare") == std::string::npos && kind.find("bytes") == std::string::npos &&
        all.size() > perKind) {
      for (size_t i = 0; i < perKind; ++i)
        std::swap(all[i], all[i + random() % (all.size() - i)]);
      all.resize(perKind);
    }
    chosen.insert(chosen.end(), all.begin(), all.end());
  }
  std::sort(chosen.begin(), chosen.end());
  std::vector<Mutation> some;
  for (size_t i : chosen)
    some.push_back(mutations[i]);
  return some;
}

MutationReport tryMutations(std::string_view text, const std::vector<Mutation> &mutations,
                            const std::function<bool(const Module &)> &passes) {
  MutationReport report;
  for (const Mutation &mutation : mutations) {
    std::string error;
    std::optional<Module> module = Module::parse(mutation.apply(text), error);
    bool noticed = module && !passes(*module);
    auto &kind = report.kinds[mutation.kind];
    ++report.tried;
    ++kind.second;
    report.noticed += noticed;
    kind.first += noticed;
    std::string what = mutation.kind + ", line " + std::to_string(mutation.line) + ": " +
                       mutation.before + " -> " + mutation.after;
    // What does not even parse is a fault of the mutation: it shows nothing.
    if (!module)
      report.survivors.push_back("unreadable (" + error + "): " + what);
    else if (!noticed)
      report.survivors.push_back(what);
  }
  return report;
}

std::string MutationReport::text() const {
  std::string text =
      std::to_string(noticed) + " of " + std::to_string(tried) + " mutations noticed\n";
  for (auto &[kind, counts] : kinds)
    text += "  " + kind + ": " + std::to_string(counts.first) + " of " +
            std::to_string(counts.second) + "\n";
  for (const std::string &survivor : survivors)
    text += "  survived: " + survivor + "\n";
  return text;
}

} // namespace zorro::ptx
