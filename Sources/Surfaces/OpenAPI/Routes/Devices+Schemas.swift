import Devices

/// Pieces of schema that several bodies of devices share.
enum DeviceSchemas {
  static let name = Schema.text(1...64, example: "SD-1203")
  static let key = Schema.text(1...64, example: "smokeAlarm")
  static let property = Schema.text(1...64, example: "batteryPercent")
  static let kind = Schema.choice(DeviceKind.allCases.map(\.rawValue))
  static let status = Schema.choice(DeviceStatus.allCases.map(\.rawValue))
  static let liveness = Schema.choice(LivenessState.allCases.map(\.rawValue))
  static let level = Schema.choice(EventLevel.allCases.map(\.rawValue))
  static let model = Schema.text(1...64, example: "smoke.basic")
  static let modelVersion = Schema.integer(1...1_000_000)
  static let labels = Schema.array(.text(1...64, example: "东侧"), max: 16)
  static let values = Schema.map(.scalar)

  static let localName = Schema.named(
    "LocalName",
    .object([
      .needs("zh-CN", .text(0...200, example: "火灾报警")), .needs("en", .text(0...200, example: "Smoke alarm")),
    ]))

  static let approval = Schema.named(
    "ApprovalCertificate",
    .object([
      .needs("standard", .text(1...64, example: "GA 374")), .needs("number", .text(1...100, example: "20260001")),
      .may("expires", .date),
    ]))

  static let approvals = Schema.array(approval, max: 16)
}

extension Endpoint.Parameter {
  /// The device in the path.
  static let device = path("device", "The device's id.")
}
