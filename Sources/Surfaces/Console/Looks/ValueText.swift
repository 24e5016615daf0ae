import Devices

/// A measured value as people read it: meters in kWh and m³, money in yuan, all digits kept.
struct ValueText: Equatable {
  let text: String
  let unit: String

  /// With a space before the unit, as the design wants between numbers and letters.
  var whole: String {
    if unit.isEmpty { return text }
    return unit == "%" ? "\(text)%" : "\(text) \(unit)"
  }

  init(_ value: PropertyValue, unit: String, _ formats: Formats) {
    switch (value, unit) {
    case (.integer(let wattHours), "Wh"):
      text = formats.scaled(wattHours, decimals: 3)
      self.unit = "kWh"
    case (.integer(let litres), "L"):
      text = formats.scaled(litres, decimals: 3)
      self.unit = "m³"
    case (.integer(let fen), "fen"):
      text = "¥" + formats.scaled(fen, decimals: 2)
      self.unit = ""
    case (.integer(let fen), "fen/m³"), (.integer(let fen), "fen/kWh"):
      text = "¥" + formats.scaled(fen, decimals: 2)
      self.unit = String(unit.dropFirst(3))
    case (.integer(let number), _):
      text = formats.number(number)
      self.unit = unit
    case (.decimal, _):
      text = formats.decimal(value.description)
      self.unit = unit
    default:
      text = value.description
      self.unit = unit
    }
  }

  /// A value of a field of a thing model: booleans and enumerations in words.
  init(_ value: PropertyValue, _ field: ThingModel.Field, _ words: Words, _ formats: Formats) {
    if case .bool(let flag) = value {
      self.init(text: words(flag ? "value.yes" : "value.no"))
    } else if case .text(let key) = value, case .enumeration(let choices) = field.type,
      let choice = choices.first(where: { $0.key == key })
    {
      self.init(text: choice.name.text(words.language))
    } else {
      self.init(value, unit: field.unit, formats)
    }
  }

  private init(text: String) {
    self.text = text
    self.unit = ""
  }
}
