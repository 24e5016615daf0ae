import Foundation

/// What the platform says to a device.
enum DownMessage: Sendable {
  case command(Command)
  case desired(version: Int64, [String: DeviceValue])
  case resend([MessageRange])
  case time(t0: Int64, t1: Int64, t2: Int64)

  /// Reads a payload; nil when it is not what the channel carries. Unknown members are ignored.
  init?(_ channel: DownChannel, _ payload: [UInt8]) {
    guard payload.count <= Outbox.payloadBytesMax else { return nil }
    let data = Data(payload)
    let decoder = JSONDecoder()
    switch channel {
    case .command:
      guard let body = try? decoder.decode(CommandBody.self, from: data), !body.id.isEmpty, body.id.utf8.count <= 64,
        !body.id.utf8.contains(where: { $0 < 0x21 || $0 > 0x7e })
      else { return nil }
      self = .command(
        Command(
          id: body.id, service: body.service, arguments: body.arguments?.compactMapValues(\.value) ?? [:],
          issued: body.issued, deadline: body.deadline))
    case .desired:
      guard let body = try? decoder.decode(DesiredBody.self, from: data) else { return nil }
      self = .desired(version: body.version, body.desired.compactMapValues(\.value))
    case .resend:
      guard let body = try? decoder.decode(ResendBody.self, from: data), body.ranges.count <= 1_024 else { return nil }
      self = .resend(body.ranges.map { MessageRange(boot: $0.boot, from: $0.from, to: max($0.from, $0.to)) })
    case .time:
      guard let body = try? decoder.decode(TimeBody.self, from: data) else { return nil }
      self = .time(t0: body.t0, t1: body.t1, t2: body.t2)
    }
  }
}

/// The way down a message takes; the topic's last word.
public enum DownChannel: String, Sendable, CaseIterable {
  case command, desired, resend, time
}

private struct CommandBody: Decodable {
  let id: String
  let service: String
  let arguments: [String: WireValue]?
  let issued: Int64
  let deadline: Int64
}

private struct DesiredBody: Decodable {
  let version: Int64
  let desired: [String: WireValue]
}

private struct ResendBody: Decodable {
  struct Range: Decodable {
    let boot: Int64
    let from: Int64
    let to: Int64
  }

  let ranges: [Range]
}

private struct TimeBody: Decodable {
  let t0: Int64
  let t1: Int64
  let t2: Int64
}

/// A scalar of the wire; a number with a point becomes an exact decimal, what is no scalar nothing.
private struct WireValue: Decodable {
  let value: DeviceValue?

  init(from decoder: any Decoder) throws {
    guard let container = try? decoder.singleValueContainer() else {
      value = nil
      return
    }
    if let bool = try? container.decode(Bool.self) {
      value = .bool(bool)
    } else if let integer = try? container.decode(Int64.self) {
      value = .integer(integer)
    } else if let number = try? container.decode(Decimal.self) {
      value = Self.exact(number)
    } else {
      value = (try? container.decode(String.self)).map(DeviceValue.text)
    }
  }

  private static func exact(_ number: Decimal) -> DeviceValue {
    let scale = UInt8(min(9, max(0, -number.exponent)))
    let scaled = number * Decimal(DeviceValue.power(scale))
    return .decimal(Int64(truncating: scaled as NSDecimalNumber), scale: scale)
  }
}
