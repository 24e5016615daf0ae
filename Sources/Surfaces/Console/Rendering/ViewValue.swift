import Mustache

/// What a template is filled with.
///
/// An empty text is absent: in a section Mustache would take it for true.
indirect enum ViewValue: Sendable, Equatable {
  case text(String)
  case flag(Bool)
  case list([ViewValue])
  case object([String: ViewValue])
  case none
}

extension ViewValue: MustacheParent {
  func child(named name: String) -> Any? {
    guard case .object(let members) = self else { return nil }
    return members[name]
  }
}

extension ViewValue: MustacheCustomRepresentation {
  var representation: Any? {
    switch self {
    case .text(let text): text.isEmpty ? nil : text
    case .flag(let flag): flag
    case .list(let items): items
    case .object: self as Any
    case .none: nil
    }
  }
}

extension ViewValue: ExpressibleByStringInterpolation, ExpressibleByBooleanLiteral, ExpressibleByArrayLiteral,
  ExpressibleByDictionaryLiteral, ExpressibleByNilLiteral
{
  init(stringLiteral value: String) { self = .text(value) }
  init(booleanLiteral value: Bool) { self = .flag(value) }
  init(arrayLiteral elements: ViewValue...) { self = .list(elements) }
  init(dictionaryLiteral elements: (String, ViewValue)...) {
    self = .object(Dictionary(elements) { _, last in last })
  }
  init(nilLiteral: ()) { self = .none }
}

extension ViewValue {
  /// The text, or nothing.
  static func optional(_ text: String?) -> ViewValue { text.map { .text($0) } ?? .none }

  /// This object with the members of another added.
  func with(_ members: [String: ViewValue]) -> ViewValue {
    guard case .object(let own) = self else { return .object(members) }
    return .object(own.merging(members) { _, new in new })
  }
}
