import KeyLadder

/// What the holder of a device's keys is asked, and for what.
enum KeyQuestion: Hashable, Sendable {
  case agreement(KeyMachine.Ask)
  /// A command that came protected; its acknowledgement waits.
  case unprotect(UInt32, [UInt8], packetID: UInt16)
  /// A reply that goes protected.
  case protect(UInt32, OutboxEntry)

  /// What both sides authenticate besides: the word that the topic would have had without protection.
  static let down = Array("command".utf8)
  static let up = Array("reply".utf8)
}

/// The devices' keys, between the connection and whatever holds them.
extension DeviceHost {
  /// Replies that may be with the holders at once; they count against the window when they come back.
  private static let sealingMax = 16

  /// The holder of a device's keys has answered.
  ///
  /// - Parameter turn: of the question.
  mutating func answered(
    device: Int, turn: Int, _ question: KeyQuestion, _ answer: KeyMachine.Answer, _ now: Moment
  ) {
    switch question {
    case .agreement(let ask):
      let time = time(device, now)
      keys[device]?.answered(answer, to: ask, turn: turn, time: time, now.link)
    case .unprotect(let session, let sealed, let packetID):
      guard turn == keys[device]?.turn else { return }
      if case .message(let opened) = answer {
        touch(device, now) { $0.receive(.command, opened, $1, isProtected: true) }
        hold(device, packetID)
        break
      }
      if answer == .failed, let sealing = keys[device]?.sealing, sealing != session {
        // Protected before the platform knew that the new session counts.
        actions.append(.ask(device: device, turn: turn, .unprotect(sealing, sealed, packetID: packetID)))
        break
      }
      if answer == .gone { keys[device]?.agreeAnew() }
      if packetID != 0 {
        // Changed, repeated, or of another session: nothing that this device will ever do.
        link.acknowledge(packetID, now.link)
      }
    case .protect(_, var entry):
      sealingCount -= 1
      guard turn == keys[device]?.turn else { break }
      if case .message(let sealed) = answer {
        entry.payload = sealed
        sending.append(Sent(device: device, entry: entry))
      } else {
        devices[device]?.outbox.putBack(entry.number)
        keys[device]?.agreeAnew()
      }
    }
    settle(now)
  }

  static func keyMachine(of name: String) -> KeyMachine {
    KeyMachine(random: DeviceRandom(seed: 0x6b65_7973, name: name))
  }

  /// A device that runs has its keys now, and begins to agree with the platform.
  mutating func giveKeys(to index: Int, _ now: Moment) {
    guard keys[index] == nil else { return }
    var machine = Self.keyMachine(of: names[index])
    devices[index]?.hasKeys = true
    if isUp, isReachable[index], devices[index] != nil { machine.linkUp() }
    keys[index] = machine
    settle(now)
  }

  /// The corrected clock; nil while it is not set.
  private mutating func time(_ device: Int, _ now: Moment) -> Int64? {
    touch(device, now) { machine, moment in machine.clock.isSet ? machine.clock.now(moment) : nil } ?? nil
  }

  mutating func advanceKeys(_ now: Moment) {
    for index in devices.indices where keys[index] != nil {
      let time = time(index, now)
      keys[index]?.advance(time: time, now.link)
      handleKeys(index, now)
    }
  }

  private mutating func handleKeys(_ index: Int, _ now: Moment) {
    guard let turn = keys[index]?.turn else { return }
    for action in keys[index]?.takeActions() ?? [] {
      switch action {
      case .ask(let ask): actions.append(.ask(device: index, turn: turn, .agreement(ask)))
      case .publish(let message): link.publishLeastOnce("\(topics[index])/key", message, now.link)
      // Only the connection's own device asks the time; what is behind it follows.
      case .doubtClock:
        touch(index, now) { $0.clock.doubt($1) }
        if index > 0 { touch(0, now) { $0.clock.doubt($1) } }
      }
    }
  }

  mutating func takeKey(_ index: Int, _ payload: [UInt8], _ now: Moment) {
    let time = time(index, now)
    keys[index]?.receive(payload, time: time, now.link)
  }

  /// The device's connection, or its power, is gone, and its sessions with it.
  mutating func loseKeys(_ index: Int) {
    keys[index]?.linkDown()
    guard let turn = keys[index]?.turn else { return }
    for case .ask(let ask) in keys[index]?.takeActions() ?? [] {
      actions.append(.ask(device: index, turn: turn, .agreement(ask)))
    }
  }

  /// - Returns: false when there is no session: the message is acknowledged and forgotten, the platform sends it again
  ///   in the next one.
  mutating func unprotect(_ index: Int, _ payload: [UInt8], _ packetID: UInt16) -> Bool {
    guard let machine = keys[index], let session = machine.opening, devices[index] != nil else { return false }
    actions.append(.ask(device: index, turn: machine.turn, .unprotect(session, payload, packetID: packetID)))
    return true
  }

  func canProtect(_ index: Int) -> Bool { keys[index]?.sealing != nil && sealingCount < Self.sealingMax }

  mutating func protect(_ index: Int, _ entry: OutboxEntry) {
    guard let machine = keys[index], let session = machine.sealing else { return }
    sealingCount += 1
    actions.append(.ask(device: index, turn: machine.turn, .protect(session, entry)))
  }
}
