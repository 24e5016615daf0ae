import MQTT
import Testing
import TestSupport

@testable import DeviceKit

@Suite("Link", .clause("6.1.2f"))
struct LinkMachineTests {
  private func link() -> LinkMachine {
    LinkMachine(
      options: LinkOptions(clientID: "CT-1", filters: ["anju/1/CT-1/down/#"], version: .v5, keepAliveSeconds: 60),
      random: DeviceRandom(seed: 5))
  }

  private func up(_ link: inout LinkMachine, _ now: Int64, receiveMaximum: UInt16 = 20) {
    link.transportUp(now)
    link.receive(.connack(ConnackPacket(isSessionPresent: false, properties: [.receiveMaximum(receiveMaximum)])), now)
    link.receive(.suback(SubackPacket(packetID: 1, reasons: [.grantedQoS1])), now)
  }

  private func kinds(_ link: inout LinkMachine) -> [String] {
    link.takeActions().map {
      switch $0 {
      case .open: "open"
      case .close: "close"
      case .write(let packet): "\(packet.type)"
      case .up: "up"
      case .down: "down"
      case .deliver: "deliver"
      case .acknowledged: "acknowledged"
      }
    }
  }

  @Test("it greets, subscribes, and is up")
  func greets() {
    var link = link()
    link.start(0)
    #expect(kinds(&link) == ["open"])
    up(&link, 10)
    #expect(kinds(&link) == ["connect", "subscribe", "up"])
    #expect(link.hasRoom)
  }

  @Test("failures wait ever longer, up to five minutes, for as long as it takes, with nobody's help")
  func backsOff() throws {
    var link = link()
    link.start(0)
    var now: Int64 = 0
    var waits: [Int64] = []
    for attempt in 0..<200 {
      #expect(kinds(&link).last == "open", "attempt \(attempt)")
      now += 5
      link.transportDown(now)
      let wake = try #require(link.wakeAt)
      waits.append(wake - now)
      now = wake
      link.tick(now)
    }
    #expect(waits.max() ?? 0 <= 300_000)
    #expect(waits.suffix(100).contains { $0 > 200_000 })
    up(&link, now)
    #expect(kinds(&link).last == "up")
  }

  @Test("a platform that does not answer its greeting within 20 s is left and tried again")
  func deafPlatform() {
    var link = link()
    link.start(0)
    link.transportUp(10)
    _ = kinds(&link)
    link.tick(19_999)
    #expect(kinds(&link).isEmpty)
    link.tick(20_000)
    #expect(kinds(&link) == ["close"])
  }

  @Test("a refused greeting or subscription is tried again later")
  func refused() {
    var link = link()
    link.start(0)
    link.transportUp(1)
    link.receive(.connack(ConnackPacket(isSessionPresent: false, reason: .notAuthorized)), 2)
    #expect(kinds(&link) == ["open", "connect", "close"])
    guard case .waiting = link.state else {
      Issue.record("not waiting")
      return
    }
  }

  @Test("silence is broken by a ping, and a connection without an answer to it is given up")
  func keepAlive() {
    var link = link()
    link.start(0)
    up(&link, 0)
    _ = kinds(&link)
    #expect(link.wakeAt == 45_000)
    link.tick(45_000)
    #expect(kinds(&link) == ["pingreq"])
    link.receive(.pingresp(PingrespPacket()), 45_100)
    link.tick(90_000)
    #expect(kinds(&link) == ["pingreq"])
    link.tick(110_000)
    #expect(kinds(&link) == ["close", "down"])
  }

  @Test("a message the platform can never take is done with; one over its quota stays held and is tried again later")
  func reasons() throws {
    var link = link()
    link.start(0)
    up(&link, 0)
    for sequence in 0..<2 as Range<Int64> {
      let number = MessageNumber(boot: 1, sequence: sequence)
      link.publish("anju/1/CT-1/telemetry", [], tag: LinkTag(device: 0, number: number), 0)
    }
    _ = kinds(&link)
    link.receive(.puback(PubackPacket(packetID: 2, reason: .payloadFormatInvalid)), 1)
    #expect(kinds(&link) == ["acknowledged"])
    link.receive(.puback(PubackPacket(packetID: 3, reason: .quotaExceeded)), 2)
    #expect(kinds(&link) == ["close", "down"])
  }

  @Test("a packet that does not belong here ends the connection", arguments: [0, 1, 2])
  func violation(which: Int) {
    var link = link()
    link.start(0)
    up(&link, 0)
    _ = kinds(&link)
    switch which {
    case 0: link.receive(.connack(ConnackPacket(isSessionPresent: false)), 1)
    case 1: link.receive(.pubrel(PubrelPacket(packetID: 1)), 1)
    default:
      link.receive(
        .publish(PublishPacket(topic: "anju/1/CT-1/down/command", payload: [], qos: .exactlyOnce, packetID: 1)), 1)
    }
    #expect(kinds(&link) == ["disconnect", "close", "down"])
  }
}
