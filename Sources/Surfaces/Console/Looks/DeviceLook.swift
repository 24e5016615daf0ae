import Devices
import Kernel

/// Signs and words of devices.
enum DeviceLook {
  static func icon(_ kind: DeviceKind) -> String {
    switch kind {
    case .lock: "lock-keyhole"
    case .smokeDetector: "alarm-smoke"
    case .electricalFireDetector: "cable"
    case .electricityMeter: "zap"
    case .waterMeter: "droplets"
    case .gasMeter: "flame"
    case .gateway: "server"
    case .other: "cpu"
    }
  }

  /// The style of a state's tag; online says nothing.
  static func tone(_ state: LivenessState) -> String {
    switch state {
    case .online: "tag-ok"
    case .stale: "tag-warn"
    case .offline: "tag-off"
    case .unseen: ""
    }
  }

  static func stateIcon(_ state: LivenessState) -> String? {
    switch state {
    case .online: nil
    case .stale: "clock"
    case .offline: "wifi-off"
    case .unseen: nil
    }
  }

  /// The value that a list shows of a device, the most telling first.
  static let headlines = [
    "energyWh", "volumeLitres", "residualCurrentMilliamperes", "batteryPercent", "subDevicesOnline",
  ]

  /// The value that a chart shows first: a meter's reading only ever rises, its flow tells the day.
  static func drawn(_ values: [LatestValue]) -> LatestValue? {
    ["powerWatts", "flowLitresPerHour"].lazy.compactMap { key in values.first { $0.property == key } }.first
  }

  /// The headline's property and value among the latest.
  static func headline(_ values: [LatestValue]) -> LatestValue? {
    for key in headlines {
      if let value = values.first(where: { $0.property == key }) { return value }
    }
    return nil
  }

  /// The headline with its unit, without the model: the unit is in the key.
  static func reading(_ values: [LatestValue], _ words: Words, _ formats: Formats) -> String? {
    guard let value = headline(values) else { return nil }
    let unit: String
    switch value.property {
    case "energyWh": unit = "Wh"
    case "volumeLitres": unit = "L"
    case "residualCurrentMilliamperes": unit = "mA"
    case "batteryPercent": unit = "%"
    default: unit = ""
    }
    let text = ValueText(value.value, unit: unit, formats).whole
    return value.property == "batteryPercent" ? words("devices.battery", ["n": text]) : text
  }
}

extension LocalName {
  /// In the language of the page.
  func text(_ language: Language) -> String {
    switch language {
    case .chinese: chinese
    case .english: english
    }
  }
}
