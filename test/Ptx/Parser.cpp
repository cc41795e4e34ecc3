//===- Parser.cpp - Reads PTX text ----------------------------------------------*- C++ -*-===//
//
// Part of Zorro, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
//===----------------------------------------------------------------------------------------===//

#include "Decoder.h"
#include "Tokens.h"

#include <algorithm>
#include <atomic>
#include <cctype>
#include <cstdlib>

namespace zorro::ptx {

namespace {

class Parser {
public:
  Parser(std::string_view text, Program &program) : tokens_(tokensOf(text)), program_(program) {
    for (size_t start = 0; start <= text.size();) {
      size_t end = std::min(text.find('\n', start), text.size());
      std::string line(text.substr(start, end - start));
      line.erase(0, std::min(line.find_first_not_of(" \t"), line.size()));
      std::replace(line.begin(), line.end(), '\t', ' ');
      program.lines.push_back(line);
      start = end + 1;
    }
  }
  bool parse();
  const std::string &error() const { return error_; }

private:
  struct Register {
    unsigned bytes = 0;
    bool many = false;
    uint32_t count = 0;
    bool placed = false;
    uint32_t offset = 0;
  };
  struct Scope {
    int parent = -1;
    std::unordered_map<std::string, Register> registers;
    std::unordered_map<std::string, uint32_t> labels;
    std::unordered_map<std::string, unsigned> shadowed;
  };
  struct Fixup {
    size_t instruction;
    int scope;
    std::string label;
    uint32_t line;
  };

  const Token &peek(size_t ahead = 0) const {
    return tokens_[std::min(at_ + ahead, tokens_.size() - 1)];
  }
  Token next() { return tokens_[at_ + 1 < tokens_.size() ? at_++ : at_]; }
  bool accept(std::string_view text) {
    if (peek().text != text || peek().kind == Token::kText)
      return false;
    next();
    return true;
  }
  bool expect(std::string_view text) {
    return accept(text) ||
           fail("expected '" + std::string(text) + "' but got '" + peek().text + "'");
  }
  bool fail(const std::string &what, uint32_t line = 0) {
    if (error_.empty())
      error_ = "line " + std::to_string(line ? line : peek().line) + ": " + what;
    return false;
  }
  bool number(uint64_t &value, uint8_t *floatBits = nullptr);

  bool directive(const std::string &name, KernelBuilder *builder);
  bool variable(Space space, bool external, KernelBuilder *builder);
  bool initialiser(Variable &variable, unsigned elementBytes);
  bool entry();
  bool header(KernelBuilder &builder);
  bool body(KernelBuilder &builder);
  bool registers();
  bool statement(KernelBuilder &builder);
  bool operand(KernelBuilder &builder, Operand &operand);
  bool named(KernelBuilder &builder, const std::string &name, Operand &operand);
  bool resolve(KernelBuilder &builder);

  std::vector<Token> tokens_;
  size_t at_ = 0;
  Program &program_;
  std::string error_;
  std::unordered_map<std::string, unsigned> variables_;
  std::vector<Scope> scopes_;
  int scope_ = -1;
  std::vector<Fixup> fixups_;
  std::unordered_map<std::string, uint16_t> opcodes_;
};

bool Parser::number(uint64_t &value, uint8_t *floatBits) {
  bool minus = accept("-");
  Token token = next();
  if (token.kind != Token::kNumber)
    return fail("expected a number but got '" + token.text + "'", token.line);
  std::string text = token.text;
  if (text.size() > 2 && text[0] == '0' && std::string("fFdD").find(text[1]) != std::string::npos) {
    bool isDouble = text[1] == 'd' || text[1] == 'D';
    if (!floatBits || text.size() != (isDouble ? 18u : 10u) || minus)
      return fail("expected an integer but got '" + text + "'", token.line);
    *floatBits = isDouble ? 64 : 32;
    value = std::strtoull(text.c_str() + 2, nullptr, 16);
    return true;
  }
  if (text.back() == 'U')
    text.pop_back();
  char *end = nullptr;
  value = std::strtoull(text.c_str(), &end, 0);
  if (*end)
    return fail("expected a number but got '" + token.text + "'", token.line);
  if (minus)
    value = 0 - value;
  return true;
}

bool Parser::parse() {
  while (error_.empty() && peek().kind != Token::kEnd) {
    Token token = next();
    if (token.kind != Token::kName || token.text[0] != '.')
      return fail("expected a directive but got '" + token.text + "'", token.line);
    if (!directive(token.text, nullptr))
      return fail("unknown directive '" + token.text + "'", token.line);
  }
  return error_.empty();
}

bool Parser::directive(const std::string &name, KernelBuilder *builder) {
  if (name == ".version") {
    next();
    return true;
  }
  if (name == ".target") {
    program_.target = next().text;
    while (accept(","))
      next();
    return true;
  }
  if (name == ".address_size") {
    uint64_t bits = 0;
    return number(bits) &&
           (bits == 64 || fail("expected addresses of 64 bits but got " + std::to_string(bits)));
  }
  if (name == ".file" || name == ".loc") { // for debuggers
    uint32_t line = tokens_[at_ - 1].line;
    while (peek().line == line && peek().kind != Token::kEnd)
      next();
    return true;
  }
  if (name == ".section") { // likewise
    next();
    if (!expect("{"))
      return false;
    while (!accept("}") && peek().kind != Token::kEnd)
      next();
    return true;
  }
  if (name == ".pragma") { // how often to unroll: nothing that a result depends on
    next();
    return expect(";");
  }
  bool external = false;
  std::string word = name;
  while (word == ".visible" || word == ".extern" || word == ".weak" || word == ".common") {
    external |= word == ".extern";
    word = next().text;
  }
  if (word == ".entry")
    return !builder && entry();
  if (word == ".global" || word == ".const")
    return variable(Space::Global, external, builder);
  if (word == ".shared")
    return variable(Space::Shared, external, builder);
  if (word == ".local")
    return variable(Space::Local, external, builder);
  return false;
}

bool Parser::variable(Space space, bool external, KernelBuilder *builder) {
  Variable variable;
  variable.space = space;
  unsigned bytes = 0;
  uint32_t line = peek().line;
  while (peek().text.size() > 1 && peek().text[0] == '.') {
    std::string word = next().text.substr(1);
    uint64_t value = 0;
    if (word == "align") {
      if (!number(value))
        return false;
      variable.align = uint32_t(value);
    } else if (typeNamed(word) != Type::None) {
      bytes = bytesOf(typeNamed(word));
    } else {
      return fail("unknown property '." + word + "' of a variable");
    }
  }
  variable.name = next().text;
  variable.align = std::max<uint32_t>({variable.align, bytes, 1});
  variable.size = bytes;
  while (accept("[")) {
    uint64_t count = 0;
    if (accept("]")) {
      variable.dynamic = true;
      continue;
    }
    if (!number(count) || !expect("]"))
      return false;
    variable.size *= count;
  }
  if (variable.dynamic && (space != Space::Shared || !external)) {
    if (!(space == Space::Global && peek().text == "="))
      return fail("expected a size of '" + variable.name + "'", line);
    variable.dynamic = false;
    variable.size = 0;
  } else if (external && !variable.dynamic) {
    return fail("'" + variable.name + "' is defined elsewhere", line);
  }
  if (variable.dynamic)
    variable.size = 0;
  if (space == Space::Global)
    variable.bytes.assign(variable.size, 0);
  if (accept("=") && (space != Space::Global || !initialiser(variable, bytes)))
    return fail("cannot read the value of '" + variable.name + "'", line);
  (builder ? builder->variables : variables_)[variable.name] = unsigned(program_.variables.size());
  program_.variables.push_back(std::move(variable));
  return expect(";");
}

bool Parser::initialiser(Variable &variable, unsigned elementBytes) {
  uint64_t at = 0;
  bool list = accept("{");
  do {
    if (list && peek().text == "{") {
      if (!initialiser(variable, elementBytes))
        return false;
      continue;
    }
    uint64_t value = 0;
    uint8_t floatBits = 0;
    if (peek().kind == Token::kName) {
      bool generic = accept("generic") && expect("(");
      auto found = variables_.find(next().text);
      if (found == variables_.end() || elementBytes != 8)
        return fail("expected the name of a variable declared before");
      if (generic && !expect(")"))
        return false;
      if (accept("+") && !number(value))
        return false;
      variable.pointers.push_back({at, found->second});
    } else if (!number(value, &floatBits)) {
      return false;
    }
    if (variable.bytes.size() < at + elementBytes)
      variable.bytes.resize(at + elementBytes, 0), variable.size = variable.bytes.size();
    for (unsigned i = 0; i < elementBytes; ++i)
      variable.bytes[at + i] = uint8_t(value >> 8 * i);
    at += elementBytes;
  } while (list && accept(","));
  return !list || expect("}");
}

bool Parser::entry() {
  KernelBuilder builder(program_);
  builder.variables = variables_;
  builder.code.info.name = next().text;
  scopes_.assign(1, Scope());
  scope_ = 0;
  fixups_.clear();
  if (!header(builder) || !expect("{") || !body(builder) || !resolve(builder))
    return false;
  if (builder.code.code.empty())
    return fail("expected an instruction in " + builder.code.info.name);
  builder.code.info.instructions = uint32_t(builder.code.code.size());
  program_.kernels.push_back(builder.code.info);
  program_.codes.push_back(std::move(builder.code));
  return true;
}

bool Parser::header(KernelBuilder &builder) {
  Kernel &kernel = builder.code.info;
  if (accept("(")) {
    while (!accept(")")) {
      if (!expect(".param"))
        return false;
      Param param;
      unsigned bytes = 0;
      uint32_t align = 0;
      bool pointer = false;
      while (peek().text.size() > 1 && peek().text[0] == '.') {
        std::string word = next().text.substr(1);
        uint64_t value = 0;
        if (word == "align") {
          if (!number(value))
            return false;
          if (!pointer) // behind .ptr it speaks of what is pointed to
            align = uint32_t(value);
        } else if (word == "ptr") {
          pointer = true;
        } else if (word == "global" || word == "shared" || word == "const" || word == "local") {
          if (!pointer)
            return fail("expected .ptr before '." + word + "'");
        } else if (typeNamed(word) != Type::None) {
          bytes = bytesOf(typeNamed(word));
        } else {
          return fail("unknown property '." + word + "' of a parameter");
        }
      }
      param.name = next().text;
      param.size = bytes;
      if (accept("[")) {
        uint64_t count = 0;
        if (!number(count) || !expect("]"))
          return false;
        param.size = uint32_t(bytes * count);
      }
      param.align = std::max<uint32_t>({align, bytes, 1});
      param.offset = (kernel.paramBytes + param.align - 1) / param.align * param.align;
      kernel.paramBytes = param.offset + param.size;
      kernel.params.push_back(param);
      accept(",");
      if (peek().kind == Token::kEnd)
        return fail("expected ')'");
    }
  }
  while (peek().text.size() > 1 && peek().text[0] == '.') {
    Token word = next();
    uint64_t values[3] = {1, 1, 1};
    if (word.text == ".noreturn" || word.text == ".explicitcluster" ||
        word.text == ".blocksareclusters")
      continue;
    unsigned count = 0;
    do {
      if (count == 3 || !number(values[count++]))
        return fail("expected up to three numbers", word.line);
    } while (accept(","));
    if (word.text == ".maxntid" || word.text == ".reqntid") {
      for (unsigned i = 0; i < 3; ++i)
        kernel.maxThreads[i] = uint32_t(values[i]);
    } else if (word.text == ".reqnctapercluster" || word.text == ".maxclusterrank") {
      if (values[0] * values[1] * values[2] != 1)
        return fail("clusters of more than one CTA are not supported", word.line);
    } else if (word.text != ".minnctapersm" && word.text != ".maxnreg" &&
               word.text != ".maxnctapersm") {
      return fail("unknown directive '" + word.text + "'", word.line);
    }
  }
  return true;
}

bool Parser::body(KernelBuilder &builder) {
  while (error_.empty()) {
    const Token &token = peek();
    if (token.kind == Token::kEnd)
      return fail("expected '}'");
    if (accept(";"))
      continue;
    if (accept("{")) {
      Scope inner;
      inner.parent = scope_;
      scope_ = int(scopes_.size());
      scopes_.push_back(inner);
      continue;
    }
    if (accept("}")) {
      scope_ = scopes_[size_t(scope_)].parent;
      if (scope_ < 0)
        return true;
      continue;
    }
    if (token.kind == Token::kName && peek(1).text == ":") {
      auto [place, fresh] = scopes_[size_t(scope_)].labels.try_emplace(
          token.text, uint32_t(builder.code.code.size()));
      if (!fresh)
        return fail("label '" + token.text + "' stands here twice");
      next(), next();
      continue;
    }
    if (token.text == ".reg") {
      next();
      if (!registers())
        return false;
      continue;
    }
    if (token.kind == Token::kName && token.text[0] == '.') {
      Token name = next();
      if (!directive(name.text, &builder))
        return fail("unknown directive '" + name.text + "'", name.line);
      continue;
    }
    if (!statement(builder))
      return false;
  }
  return false;
}

bool Parser::registers() {
  Type type = Type::None;
  std::string word = next().text;
  if (word.size() > 1)
    type = typeNamed(word.substr(1));
  if (type == Type::None)
    return fail("unknown type '" + word + "' of a register");
  do {
    Register entry;
    entry.bytes = bytesOf(type);
    std::string name = next().text;
    if (accept("<")) {
      uint64_t count = 0;
      if (!number(count) || !expect(">"))
        return false;
      entry.many = true;
      entry.count = uint32_t(count);
    }
    scopes_[size_t(scope_)].registers[name] = entry;
  } while (accept(","));
  return expect(";");
}

bool Parser::named(KernelBuilder &builder, const std::string &name, Operand &operand) {
  size_t digits = name.size();
  while (digits && std::isdigit(static_cast<unsigned char>(name[digits - 1])))
    --digits;
  for (int scope = scope_; scope >= 0; scope = scopes_[size_t(scope)].parent) {
    auto &registers = scopes_[size_t(scope)].registers;
    auto found = registers.find(name);
    if (found == registers.end() || found->second.many) {
      auto family = registers.find(name.substr(0, digits));
      if (digits == name.size() || family == registers.end() || !family->second.many ||
          std::strtoul(name.c_str() + digits, nullptr, 10) >= family->second.count)
        continue;
      Register single;
      single.bytes = family->second.bytes;
      found = registers.try_emplace(name, single).first;
    }
    Register &entry = found->second;
    if (!entry.placed) {
      entry.placed = true;
      entry.offset = builder.allocate(entry.bytes);
    }
    operand.kind = Operand::kRegister;
    operand.bytes = entry.bytes;
    operand.offset = entry.offset;
    return true;
  }
  if (builder.special(name, operand))
    return true;
  if (name == "WARP_SZ") {
    operand.kind = Operand::kImmediate;
    operand.value = kLanes;
    return true;
  }
  if (name[0] == '%')
    return fail("unknown register '" + name + "'");
  operand.kind = Operand::kSymbol;
  operand.name = name;
  return true;
}

bool Parser::operand(KernelBuilder &builder, Operand &operand) {
  if (accept("!"))
    operand.negated = true;
  if (accept("{")) {
    operand.kind = Operand::kVector;
    do {
      operand.parts.emplace_back();
      if (!this->operand(builder, operand.parts.back()))
        return false;
    } while (accept(","));
    return expect("}");
  }
  if (accept("[")) {
    operand.kind = Operand::kAddress;
    operand.parts.emplace_back();
    if (peek().kind == Token::kNumber || peek().text == "-") {
      operand.parts[0].kind = Operand::kImmediate;
      if (!number(operand.parts[0].value))
        return false;
    } else if (!named(builder, next().text, operand.parts[0])) {
      return false;
    }
    if (accept("+")) {
      if (!number(operand.value))
        return false;
    } else if (peek().text == "-") {
      if (!number(operand.value))
        return false;
    }
    while (accept(",")) {
      operand.parts.emplace_back();
      if (!this->operand(builder, operand.parts.back()))
        return false;
    }
    return expect("]");
  }
  if (peek().kind == Token::kNumber || peek().text == "-") {
    operand.kind = Operand::kImmediate;
    return number(operand.value, &operand.floatBits);
  }
  Token token = next();
  if (token.kind != Token::kName)
    return fail("expected an operand but got '" + token.text + "'", token.line);
  if (token.text == "_") {
    operand.kind = Operand::kSink;
    return true;
  }
  if (!named(builder, token.text, operand))
    return false;
  if (accept("|")) {
    operand.parts.emplace_back();
    return this->operand(builder, operand.parts.back());
  }
  return true;
}

bool Parser::statement(KernelBuilder &builder) {
  uint32_t line = peek().line;
  Operand guard;
  if (accept("@")) {
    guard.negated = accept("!");
    if (!named(builder, next().text, guard))
      return false;
    if (guard.kind != Operand::kRegister || guard.bytes)
      return fail("expected a predicate", line);
  }
  Token opcode = next();
  if (opcode.kind != Token::kName)
    return fail("expected an opcode but got '" + opcode.text + "'", opcode.line);
  std::vector<Operand> operands;
  while (!accept(";")) {
    if (!operands.empty() && !expect(","))
      return false;
    operands.emplace_back();
    if (!operand(builder, operands.back()))
      return false;
  }
  Decoder decoder(builder, opcode.text, std::move(operands));
  decoder.inst.line = line;
  if (guard.kind == Operand::kRegister) {
    decoder.inst.predicate = int32_t(guard.offset);
    decoder.inst.negated = guard.negated;
    decoder.inst.reads.push_back(guard.offset);
  }
  if (!decoder.decode())
    return fail(decoder.error(), line);
  auto [place, fresh] = opcodes_.try_emplace(opcode.text, uint16_t(program_.opcodes.size()));
  if (fresh)
    program_.opcodes.push_back(opcode.text);
  decoder.inst.opcode = place->second;
  if (!decoder.label.empty())
    fixups_.push_back({builder.code.code.size(), scope_, decoder.label, line});
  builder.code.code.push_back(std::move(decoder.inst));
  return true;
}

bool Parser::resolve(KernelBuilder &builder) {
  for (const Fixup &fixup : fixups_) {
    int scope = fixup.scope;
    while (scope >= 0 && !scopes_[size_t(scope)].labels.count(fixup.label))
      scope = scopes_[size_t(scope)].parent;
    if (scope < 0)
      return fail("unknown label '" + fixup.label + "'", fixup.line);
    builder.code.code[fixup.instruction].target = scopes_[size_t(scope)].labels[fixup.label];
  }
  return true;
}

} // namespace

std::optional<Module> Module::parse(std::string_view text, std::string &error) {
  static std::atomic<uint64_t> programs{0};
  auto program = std::make_shared<Program>();
  program->id = ++programs;
  Parser parser(text, *program);
  if (!parser.parse()) {
    error = parser.error();
    return std::nullopt;
  }
  Module module;
  module.program_ = std::move(program);
  return module;
}

} // namespace zorro::ptx
