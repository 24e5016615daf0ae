import DeviceKit

extension LockProgram {
  mutating func perform(_ command: Command, _ desk: inout DeviceDesk) -> CommandOutcome? {
    switch command.service {
    case "unlock":
      let seconds = command.arguments["seconds"]?.asInteger ?? max(1, settingsBook.integer("autoLockSeconds"))
      guard (1...60).contains(seconds) else { return .badArgument("seconds") }
      if faultCode == "motor" { return .failed(code: "motor", message: "the bolt does not move") }
      open(method: "remote", credential: "", seconds: seconds, &desk)
      return .done(["locked": false])
    case "lock":
      if isDoorOpen { return .failed(code: "doorOpen", message: "the door is open") }
      lockAgain(&desk)
      return .done(["locked": true])
    case "issueCredential": return issue(command, &desk)
    case "revokeCredential": return revoke(command, &desk)
    case "uploadRecords":
      guard let from = command.arguments["from"]?.asInteger, let to = command.arguments["to"]?.asInteger, from <= to
      else { return .badArgument("from, to") }
      return .done(["count": DeviceValue(records.uploadAgain(from: from, to: to, &desk))])
    case "clearTamper":
      setTampered(false, &desk)
      return .done(["tampered": false])
    case "selfTest":
      if let faultCode { return .failed(code: faultCode, message: "a part does not work") }
      return .done(["batteryPercent": .integer(battery.percent)])
    default: return .refused(code: "unknownService", message: "a lock does not offer the service")
    }
  }

  /// Sealed content is opened by the lock's own key once it has one; until then the platform sends `plain:SECRET`.
  private mutating func issue(_ command: Command, _ desk: inout DeviceDesk) -> CommandOutcome {
    let arguments = command.arguments
    guard let id = arguments["credential"]?.asText, Self.isToken(id) else { return .badArgument("credential") }
    guard let method = arguments["method"]?.asText, Self.isToken(method) else { return .badArgument("method") }
    guard let from = arguments["validFrom"]?.asInteger, let until = arguments["validUntil"]?.asInteger, from <= until
    else { return .badArgument("validFrom, validUntil") }
    guard let sealed = arguments["sealed"]?.asText, sealed.hasPrefix("plain:"), sealed.utf8.count > 6 else {
      return .failed(code: "cannotOpen", message: "the content is not sealed for this lock")
    }
    guard credentials[id] != nil || credentials.count < Self.credentialsMax else {
      return .failed(code: "full", message: "the lock has no room for another credential")
    }
    let credential = Credential(
      id: id, method: method, secret: String(sealed.dropFirst(6)), validFrom: from, validUntil: until)
    credentials[id] = credential
    desk.remember("credential \(id)", credential.bytes)
    return credentialsChanged(&desk)
  }

  private mutating func revoke(_ command: Command, _ desk: inout DeviceDesk) -> CommandOutcome {
    guard let id = command.arguments["credential"]?.asText else { return .badArgument("credential") }
    credentials[id] = nil
    desk.remember("credential \(id)", nil)
    return credentialsChanged(&desk)
  }

  private mutating func credentialsChanged(_ desk: inout DeviceDesk) -> CommandOutcome {
    credentialVersion += 1
    desk.remember("credentials", Array(credentials.keys.sorted().joined(separator: "\n").utf8))
    desk.remember("credentialVersion", number: credentialVersion)
    let now: DeviceValues = [
      "credentialCount": DeviceValue(credentials.count), "credentialVersion": .integer(credentialVersion),
    ]
    desk.report(now)
    return .done(now)
  }

  private static func isToken(_ text: String) -> Bool {
    (1...64).contains(text.utf8.count) && text.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f && $0 != UInt8(ascii: "|") }
  }

  mutating func suffer(_ mischief: Mischief, _ desk: inout DeviceDesk) -> Bool {
    switch mischief {
    case .tamper: setTampered(true, &desk)
    case .force:
      openDoor(&desk)
      desk.raise("forcedOpen", .critical)
    case .wrongPasswords(let count):
      for attempt in 0..<count { present(method: "password", secret: "wrong \(attempt)", &desk) }
    case .present(let method, let secret): present(method: method, secret: secret, &desk)
    case .openFromInside:
      open(method: "inside", credential: "", seconds: nil, &desk)
      openDoor(&desk)
    case .closeDoor: closeDoor(&desk)
    case .lowBattery: battery.put(percent: 15, &desk)
    case .newBattery: battery.put(percent: 100, &desk)
    case .fault(let code):
      guard faultCode == nil else { return true }
      let known = ["motor", "sensor", "keypad", "memory"].contains(code) ? code : "motor"
      faultCode = known
      desk.raise("lockFault", .fault, ["code": .text(known)])
    case .repair:
      guard faultCode != nil else { return true }
      faultCode = nil
      desk.raise("lockFaultCleared", .info)
    default: return false
    }
    return true
  }
}

extension CommandOutcome {
  /// An argument is missing or out of its range.
  static func badArgument(_ name: String) -> Self {
    .refused(code: "badArgument", message: "missing or out of range: \(name)")
  }
}

extension DeviceDesk {
  /// Says a correction of the clock that matters: more than a second (clause 6.3.2 e).
  mutating func tellClockCorrection(_ milliseconds: Int64) {
    report(["clockOffsetMilliseconds": .integer(milliseconds)])
    if abs(milliseconds) > 1_000 {
      raise("clockCorrected", .info, ["offsetMilliseconds": .integer(milliseconds)])
    }
  }
}
