import DeviceKit
import Foundation
import HTTPTypes
import Hummingbird

struct DeviceList: Encodable {
  let devices: [DeviceEntry]
}

struct DeviceEntry: Encodable {
  let name: String
  let model: String
  let floor: Int
  let room: String?
  let gateway: String?
  let power: Bool
  let online: Bool
  let boot: Int64
  let messagesWaiting: Int
  let clockSet: Bool
  let time: Int64
  let values: [String: ScalarEntry]

  init(_ state: VirtualDeviceState) {
    name = state.device.name
    model = state.device.kind.model
    floor = state.device.floor
    room = state.device.room
    gateway = state.device.gateway
    power = state.status.hasPower
    online = state.status.isOnline
    boot = state.status.boot
    messagesWaiting = state.status.messagesWaiting
    clockSet = state.status.isClockSet
    time = state.status.time
    values = Dictionary(
      state.values.pairs.map { ($0.key, ScalarEntry(value: $0.value)) }, uniquingKeysWith: { $1 })
  }
}

struct ScalarEntry: Encodable {
  let value: DeviceValue

  func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    switch value {
    case .bool(let bool): try container.encode(bool)
    case .integer(let integer): try container.encode(integer)
    case .decimal(let mantissa, let scale):
      try container.encode(Decimal(mantissa) / pow(Decimal(10), Int(scale)))
    case .text(let text): try container.encode(text)
    }
  }
}

struct WordList: Encodable {
  let words: [WordEntry]
}

struct WordEntry: Encodable {
  let word: String
  let arguments: String
  let help: String
}

struct ResultList: Encodable {
  let results: [ResultEntry]
}

struct ResultEntry: Encodable {
  let device: String
  let done: Bool
}

private struct ArgumentList: Decodable {
  let arguments: [String]
}

private struct Problem: Encodable {
  let title: String
  let status: Int
}

extension ControlRoutes {
  static func json(_ value: some Encodable, status: HTTPResponse.Status = .ok) -> Response {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    guard let data = try? encoder.encode(value) else { return Response(status: .internalServerError) }
    return Response(
      status: status, headers: [.contentType: "application/json; charset=utf-8"],
      body: .init(byteBuffer: ByteBuffer(bytes: data)))
  }

  static func problem(_ status: HTTPResponse.Status, _ title: String) -> Response {
    json(Problem(title: title, status: status.code), status: status)
  }

  /// The arguments in a body; none when it is empty; nil when it can not be read.
  static func arguments(_ body: ByteBuffer) -> [String]? {
    if body.readableBytes == 0 { return [] }
    return try? JSONDecoder().decode(ArgumentList.self, from: Data(body.readableBytesView)).arguments
  }
}
