/// Compares a packet that came with what a line asks for.
///
/// Fields that the line names must be equal; `none` wants a field absent, `*` takes any value, `%x` catches it the
/// first time and wants it again afterwards. What a line leaves out is free, but not in PUBLISH: there the flags must
/// be 0 and properties absent, so that nothing unasked for slips by.
struct PacketMatch {
  var caught: [String: String]

  /// - Returns: what is caught after the match.
  func match(_ pattern: inout NamedPacket, _ got: NamedPacket) throws(VectorFault) -> [String: String] {
    guard got.kind == pattern.kind else { throw fault(pattern, got) }
    if got.kind == .publish { complete(&pattern, got) }
    var after = caught
    for name in names(of: pattern) {
      let wanted = pattern.values(name)
      let values = got.values(name)
      if wanted == ["none"] {
        guard values.isEmpty else { throw fault(pattern, got) }
        continue
      }
      if values.isEmpty, wanted.count == 1, wanted[0].split(separator: "|").contains("none") { continue }
      guard wanted.count == values.count else { throw fault(pattern, got) }
      // The order of subscription identifiers has no meaning (section 3.3.4).
      let pairs = name == "subscription-id" ? zip(wanted.sorted(), values.sorted()) : zip(wanted, values)
      for (want, value) in pairs {
        guard try matches(want, value, name: name, caught: &after) else { throw fault(pattern, got) }
      }
    }
    return after
  }

  private func names(of pattern: NamedPacket) -> [String] {
    var seen: Set<String> = []
    return pattern.fields.map(\.name).filter { seen.insert($0).inserted }
  }

  private func complete(_ pattern: inout NamedPacket, _ got: NamedPacket) {
    for flag in ["dup", "retain", "qos"] where pattern.value(flag) == nil {
      pattern.fields.append(.init(name: flag, value: "0"))
    }
    for field in got.fields where PropertyForm.byName[field.name] != nil && pattern.value(field.name) == nil {
      pattern.fields.append(.init(name: field.name, value: "none"))
    }
  }

  private func matches(
    _ want: String, _ value: String, name: String, caught: inout [String: String]
  ) throws(VectorFault) -> Bool {
    if want == "*" { return true }
    if want.hasPrefix("%") {
      let variable = String(want.dropFirst())
      if let earlier = caught[variable] { return earlier == value }
      caught[variable] = value
      return true
    }
    if name == "codes" || name == "topic" || name == "payload" { return want == value || same(want, value) }
    if want.contains("|") { return want.split(separator: "|").contains { same(String($0), value) } }
    return same(want, value)
  }

  /// Equal as text, or as numbers written differently.
  private func same(_ want: String, _ value: String) -> Bool {
    if want == value { return true }
    guard let left = try? NamedPacket.number(want, of: ""), let right = try? NamedPacket.number(value, of: "") else {
      return false
    }
    return left == right
  }

  private func fault(_ pattern: NamedPacket, _ got: NamedPacket) -> VectorFault {
    VectorFault("got  \(got)\n  want \(pattern)")
  }
}

extension NamedPacket: CustomStringConvertible {
  var description: String {
    kind.rawValue + fields.map { " \($0.name)=\($0.value.count > 80 ? $0.value.prefix(80) + "…" : $0.value)" }.joined()
  }
}
