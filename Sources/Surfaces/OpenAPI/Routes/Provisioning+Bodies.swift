import Foundation
import Guomi
import KeyLadder
import Kernel
import Provisioning

/// What stations, lots and keys look like as JSON. Bytes are Base64.
private enum ProvisioningSchemas {
  static let name = Schema.text(1...64, example: "ST-1")
  static let device = Schema.text(1...64, example: "LK-0803")
  static let point = Schema.string(
    .init(
      min: 88, max: 88, format: "byte",
      example: "BDLEriwfGYEZX5kERmo5yZSP4wu/8mYL4XFaRYkzTHTHvDc2ovT2d5xZvc7ja2khU9Cph3zGKkdAAt8y5SE58KA="))
  static let note = Schema.text(0...ProvisioningLot.noteLengthMax, example: "PO-2026-117")
  static let reason = Schema.text(1...500, example: "Lost at the carrier's.")

  static func bytes(_ max: Int) -> Schema {
    .string(.init(min: 4, max: max, format: "byte", example: "AQIDBA=="))
  }

  static func decoded(_ text: String, _ field: String) throws(ProvisioningError) -> [UInt8] {
    guard let data = Data(base64Encoded: text) else {
      throw .fieldInvalid(field: field, problem: "is not Base64")
    }
    return Array(data)
  }
}

struct StationBody: Encodable, Described, Sendable {
  let id: ID<FactoryStation>
  let name: String
  let verifyingKey: String
  let encryptionKey: String
  let isBlocked: Bool
  let blockReason: String?
  let registeredAt: String

  init(_ station: FactoryStation) {
    id = station.id
    name = station.name
    verifyingKey = Data(station.verifyingKey).base64EncodedString()
    encryptionKey = Data(station.encryptionKey).base64EncodedString()
    isBlocked = station.isBlocked
    blockReason = station.block?.reason
    registeredAt = station.registeredAt.description
  }

  static let schema = Schema.named(
    "Station",
    .object([
      .needs("id", .id), .needs("name", ProvisioningSchemas.name),
      .needs("verifyingKey", ProvisioningSchemas.point, "What the station signs with: a point of the SM2 curve."),
      .needs("encryptionKey", ProvisioningSchemas.point, "What its files are encrypted to."),
      .needs("isBlocked", .boolean), .may("blockReason", ProvisioningSchemas.reason), .needs("registeredAt", .time),
    ]))
}

struct NewStationBody: Decodable, Described {
  let name: String
  let verifyingKey: String
  let encryptionKey: String

  var station: FactoryStation.New {
    get throws(ProvisioningError) {
      FactoryStation.New(
        name: name, verifyingKey: try ProvisioningSchemas.decoded(verifyingKey, "verifyingKey"),
        encryptionKey: try ProvisioningSchemas.decoded(encryptionKey, "encryptionKey"))
    }
  }

  static let schema = Schema.named(
    "NewStation",
    .object([
      .needs("name", ProvisioningSchemas.name), .needs("verifyingKey", ProvisioningSchemas.point),
      .needs("encryptionKey", ProvisioningSchemas.point),
    ]))
}

struct PlatformKeyBody: Encodable, Described, Sendable {
  let verifyingKey: String

  init(_ key: SM2.VerifyingKey) { verifyingKey = Data(key.point.x963).base64EncodedString() }

  static let schema = Schema.named(
    "PlatformKey", .object([.needs("verifyingKey", ProvisioningSchemas.point, "A point of the SM2 curve.")]))
}

struct KeyReasonBody: Decodable, Described {
  let reason: String

  static let schema = Schema.named("KeyReason", .object([.needs("reason", ProvisioningSchemas.reason)]))
}

struct WithdrawalBody: Decodable, Described {
  let isCompromised: Bool
  let reason: String

  static let schema = Schema.named(
    "KeyWithdrawal",
    .object([
      .needs("isCompromised", .boolean, "False when the device is only out of use."),
      .needs("reason", ProvisioningSchemas.reason),
    ]))
}

struct WithdrawnBody: Encodable, Described, Sendable {
  let keys: Int

  static let schema = Schema.named(
    "WithdrawnKeys", .object([.needs("keys", .count, "How many there were.")]))
}

struct LotBody: Encodable, Described, Sendable {
  let id: ID<ProvisioningLot>
  let station: ID<FactoryStation>
  let quota: Int
  let used: Int
  let validFrom: String
  let validUntil: String
  let closedAt: String?
  let isFile: Bool
  let note: String

  init(_ lot: ProvisioningLot) {
    id = lot.id
    station = lot.station
    quota = lot.quota
    used = lot.used
    validFrom = lot.validFrom.description
    validUntil = lot.validUntil.description
    closedAt = lot.closedAt?.description
    isFile = lot.isFile
    note = lot.note
  }

  static let schema = Schema.named(
    "ProvisioningLot",
    .object([
      .needs("id", .id), .needs("station", .id), .needs("quota", .count),
      .needs("used", .count, "Devices that have a key of this lot."), .needs("validFrom", .time),
      .needs("validUntil", .time), .may("closedAt", .time),
      .needs("isFile", .boolean, "It was given out as a file; nothing is added."),
      .needs("note", ProvisioningSchemas.note, "What people call it by."),
    ]))
}

struct NewLotBody: Decodable, Described {
  let station: ID<FactoryStation>
  let quota: Int
  let validFrom: String
  let validUntil: String
  let note: String?

  func moment(_ text: String, _ field: String) throws(ProvisioningError) -> Instant {
    guard let moment = Instant(text: text) else { throw .fieldInvalid(field: field, problem: "is no moment") }
    return moment
  }

  static let schema = Schema.named(
    "NewProvisioningLot",
    .object([
      .needs("station", .id), .needs("quota", .integer(1...Int64(ProvisioningLot.quotaMax)), "Devices at most."),
      .needs("validFrom", .time), .needs("validUntil", .time), .may("note", ProvisioningSchemas.note),
    ]))
}

struct DeviceKeyRequestBody: Decodable, Described {
  let request: String
  let signature: String

  func bytes(_ text: String) throws(ProvisioningError) -> [UInt8] { try ProvisioningSchemas.decoded(text, "request") }

  static let schema = Schema.named(
    "DeviceKeyRequest",
    .object([
      .needs("request", ProvisioningSchemas.bytes(684), "Made in the device: docs/device-keys.md."),
      .needs("signature", ProvisioningSchemas.bytes(88), "The station's, r ‖ s."),
    ]))
}

struct DeviceKeyAnswerBody: Encodable, Described, Sendable {
  let answer: String

  static let schema = Schema.named(
    "DeviceKeyAnswer", .object([.needs("answer", ProvisioningSchemas.bytes(684), "Only the asking device opens it.")]))
}

struct LotDevicesBody: Decodable, Described {
  let devices: [String]

  func holders() throws(ProvisioningError) -> [KeyLadder.Holder] {
    var holders: [KeyLadder.Holder] = []
    for name in devices {
      guard let holder = try? KeyLadder.Holder(element: nil, device: Array(name.utf8)) else {
        throw .fieldInvalid(field: "devices", problem: "names a device that can not be one")
      }
      holders.append(holder)
    }
    return holders
  }

  static let schema = Schema.named(
    "LotDevices",
    .object([.needs("devices", .array(ProvisioningSchemas.device, max: Provisioning.fileDevicesMax))]))
}

struct LotFileBody: Encodable, Described, Sendable {
  let file: String

  static let schema = Schema.named(
    "LotFile", .object([.needs("file", ProvisioningSchemas.bytes(6 << 20), "Only the lot's station opens it.")]))
}

struct DeviceKeyBody: Encodable, Described, Sendable {
  let device: String
  let state: String
  let element: String?
  let lot: ID<ProvisioningLot>
  let station: ID<FactoryStation>
  let rootVersion: UInt32?
  let checkValue: String?
  let provisionedAt: String
  let withdrawnAt: String?
  let reason: String?

  init(_ found: KeySummary) {
    let key = found.key
    device = key.device
    state = key.state.rawValue
    element = key.element.map { Data($0).base64EncodedString() }
    lot = key.lot
    station = found.station
    rootVersion = key.rootVersion
    checkValue = key.checkValue.map { Data($0).base64EncodedString() }
    provisionedAt = key.provisionedAt.description
    withdrawnAt = key.withdrawal?.at.description
    reason = key.withdrawal?.reason
  }

  static let fields: [Schema.Field] = [
    .needs("device", ProvisioningSchemas.device),
    .needs("state", .choice(DeviceKeyRecord.State.allCases.map(\.rawValue))),
    .may("element", ProvisioningSchemas.bytes(172), "The secure element's id."), .needs("lot", .id),
    .needs("station", .id), .may("rootVersion", .count), .may("checkValue", ProvisioningSchemas.bytes(12)),
    .needs("provisionedAt", .time), .may("withdrawnAt", .time), .may("reason", ProvisioningSchemas.reason),
  ]

  static let schema = Schema.named("DeviceKey", .object(fields))
}

struct DeviceKeyStateBody: Encodable, Described, Sendable {
  let key: DeviceKeyBody
  let epochs: [String]
  let renewedAt: String?
  let sessionSince: String?
  let sessionWay: String?

  init(_ found: DeviceKeyState) {
    key = DeviceKeyBody(found.summary)
    epochs = found.epochs.map { Instant(milliseconds: Int64(clamping: $0.epoch.start) * 1_000).description }
    renewedAt = found.epochs.map(\.agreedAt).max()?.description
    sessionSince = found.session?.since.description
    sessionWay = found.session.map { $0.way == .ephemeral ? "ephemeral" : "constrained" }
  }

  private enum CodingKeys: CodingKey { case epochs, renewedAt, sessionSince, sessionWay }

  /// The key's fields, and beside them what is agreed with it.
  func encode(to encoder: any Encoder) throws {
    try key.encode(to: encoder)
    var members = encoder.container(keyedBy: CodingKeys.self)
    try members.encode(epochs, forKey: .epochs)
    try members.encodeIfPresent(renewedAt, forKey: .renewedAt)
    try members.encodeIfPresent(sessionSince, forKey: .sessionSince)
    try members.encodeIfPresent(sessionWay, forKey: .sessionWay)
  }

  static let schema = Schema.named(
    "DeviceKeyState",
    .object(
      DeviceKeyBody.fields + [
        .needs("epochs", .array(.time, max: 16), "Of which communication keys are agreed, newest first."),
        .may("renewedAt", .time, "When the last of them was agreed."),
        .may("sessionSince", .time, "Of the session with this server; without it there is none."),
        .may("sessionWay", .choice(["ephemeral", "constrained"])),
      ]))
}
