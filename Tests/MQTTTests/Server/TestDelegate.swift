import MQTT
import NIOCore
import Synchronization

/// A delegate whose answers a test chooses, and which writes down what it was told.
final class TestDelegate: MQTTServerDelegate {
  struct Notes {
    var requests: [MQTTConnectRequest] = []
    var sessions: [MQTTSession] = []
    var published: [PublishPacket] = []
    var ends: [MQTTSessionEnd] = []
    var ticks = 0
    var connectAnswer: @Sendable (MQTTConnectRequest) -> MQTTConnectAnswer = { _ in .accept }
    var authenticateAnswer: @Sendable (AuthPacket) -> MQTTConnectAnswer = { _ in .refuse(.badAuthenticationMethod) }
    var publishAnswer: @Sendable (PublishPacket) -> MQTTPublishAnswer = { _ in .route }
    var subscribeAnswer: @Sendable (MQTTString, MQTTQoS) -> MQTTReasonCode = { .granted($1) }
    var atTick: (@Sendable () -> Void)?
  }

  private let notes = Mutex(Notes())

  func read<T: Sendable>(_ body: (Notes) -> sending T) -> T { notes.withLock { body($0) } }
  func set(_ body: (inout sending Notes) -> Void) { notes.withLock { body(&$0) } }

  func connect(_ request: MQTTConnectRequest) -> MQTTConnectAnswer {
    let answer = notes.withLock { notes in
      notes.requests.append(request)
      return notes.connectAnswer
    }
    return answer(request)
  }

  func authenticate(_ step: AuthPacket, request: MQTTConnectRequest, session: MQTTSession?) -> MQTTConnectAnswer {
    notes.withLock { $0.authenticateAnswer }(step)
  }

  func sessionStarted(_ session: MQTTSession, isPresent: Bool) {
    notes.withLock { $0.sessions.append(session) }
  }

  func subscribe(_ filter: MQTTString, qos: MQTTQoS, session: MQTTSession) -> MQTTReasonCode {
    notes.withLock { $0.subscribeAnswer }(filter, qos)
  }

  func publish(_ publish: MQTTPublishView, from session: MQTTSession) -> MQTTPublishAnswer {
    let packet = PublishPacket(publish)
    let answer = notes.withLock { notes in
      notes.published.append(packet)
      return notes.publishAnswer
    }
    return answer(packet)
  }

  func tickEnded(_ eventLoop: any EventLoop) {
    let atTick = notes.withLock { notes in
      notes.ticks += 1
      return notes.atTick
    }
    atTick?()
  }

  func sessionEnded(_ session: MQTTSession, reason: MQTTSessionEnd) {
    notes.withLock { $0.ends.append(reason) }
  }
}
