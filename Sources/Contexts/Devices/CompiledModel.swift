/// One property's rule as the intake path needs it: no references, so that a copy costs nothing.
package struct PropertyRule: Sendable, Hashable {
  /// What a value is, as it is kept.
  package enum Kind: UInt8, Sendable {
    case bool
    case integer
    case decimal
    case enumeration
    case text
  }

  /// The property's place in its model.
  package let index: UInt16
  package let kind: Kind
  /// Decimals of a `.decimal`; 0 otherwise.
  package let scale: UInt8
  /// The least value: scaled for a `.decimal`; 0 for a boolean; an enumeration's first index; a text's length in bytes.
  package let minimum: Int64
  /// The greatest value, in the same terms.
  package let maximum: Int64
  package let dataClass: DataClass
  package let writable: Bool

  /// The value of a number given as `mantissa` × 10^-`scale`, in this rule's scale.
  ///
  /// - Returns: nil when the number has more decimals than the rule (other than zeros) or leaves 64 bits.
  package func scaled(mantissa: Int64, scale given: Int) -> Int64? {
    var value = mantissa
    var difference = Int(scale) - given
    while difference > 0 {
      let (product, overflow) = value.multipliedReportingOverflow(by: 10)
      if overflow { return nil }
      value = product
      difference -= 1
    }
    while difference < 0 {
      if value == 0 { return 0 }
      let (quotient, remainder) = value.quotientAndRemainder(dividingBy: 10)
      if remainder != 0 { return nil }
      value = quotient
      difference += 1
    }
    return value
  }

  /// Whether a scaled value lies within the range.
  package func admits(_ value: Int64) -> Bool { value >= minimum && value <= maximum }
}

/// A thing model made ready for the intake path: a property is found by the bytes of its name, without allocation.
package final class CompiledModel: Sendable {
  package let model: ThingModel
  private let rules: [PropertyRule]
  private let names: NameTable
  private let choices: [NameTable?]

  package init(_ model: ThingModel) {
    self.model = model
    self.rules = model.properties.enumerated().map { Self.rule($0.element, index: $0.offset) }
    self.names = NameTable(model.properties.map(\.key))
    self.choices = model.properties.map { property in
      guard case .enumeration(let choices) = property.type else { return nil }
      return NameTable(choices.map(\.key))
    }
  }

  /// The rule of the property whose name these bytes are; nil for an unknown one.
  package func property(_ name: UnsafeRawBufferPointer) -> PropertyRule? {
    guard let index = names.index(of: name) else { return nil }
    return rules[index]
  }

  /// The rule of a property by name; nil for an unknown one.
  package func property(named name: String) -> PropertyRule? {
    var name = name
    return name.withUTF8 { property(UnsafeRawBufferPointer($0)) }
  }

  /// The rule of the property at a place in the model.
  package func rule(at index: UInt16) -> PropertyRule? {
    Int(index) < rules.count ? rules[Int(index)] : nil
  }

  /// The property (name, unit) at a place in the model.
  package func property(at index: UInt16) -> ThingModel.Property? {
    Int(index) < model.properties.count ? model.properties[Int(index)] : nil
  }

  /// The place of an enumeration's value whose key these bytes are; nil for an unknown one.
  package func choice(of rule: PropertyRule, _ key: UnsafeRawBufferPointer) -> Int64? {
    guard Int(rule.index) < choices.count, let table = choices[Int(rule.index)] else { return nil }
    return table.index(of: key).map { Int64($0) }
  }

  /// The value that an integer stands for in this rule: what `LatestValues` and the chunks hold; nil for a text.
  package func value(_ stored: Int64, of rule: PropertyRule) -> PropertyValue? {
    switch rule.kind {
    case .bool: return .bool(stored != 0)
    case .integer: return .integer(stored)
    case .decimal: return .decimal(mantissa: stored, scale: Int(rule.scale))
    case .text: return nil
    case .enumeration:
      guard case .enumeration(let choices)? = property(at: rule.index)?.type,
        let place = Int(exactly: stored), choices.indices.contains(place)
      else { return nil }
      return .text(choices[place].key)
    }
  }

  private static func rule(_ property: ThingModel.Property, index: Int) -> PropertyRule {
    let (kind, scale, range): (PropertyRule.Kind, Int, ClosedRange<Int64>) =
      switch property.type {
      case .bool: (.bool, 0, 0...1)
      case .integer(let range): (.integer, 0, range)
      case .decimal(let scale, let range): (.decimal, scale, range)
      case .enumeration(let choices): (.enumeration, 0, 0...Int64(max(0, choices.count - 1)))
      case .text(let bytesMax): (.text, 0, 0...Int64(bytesMax))
      }
    return PropertyRule(
      index: UInt16(truncatingIfNeeded: index), kind: kind, scale: UInt8(truncatingIfNeeded: scale),
      minimum: range.lowerBound, maximum: range.upperBound, dataClass: property.dataClass,
      writable: property.writable)
  }
}
