import DequeModule

/// Store and forward: what the device has to say and the platform has not yet acknowledged, in durable memory.
///
/// A pure state machine: events return or collect flash changes, nothing is written or sent here. Hello first, then
/// events, answers and twin reports in order, then readings in order: a long backlog of readings never delays an alarm.
/// When it is full the oldest readings are given up first, then answers, then notices, alarms last; what was given up
/// is remembered, so that the platform need not ask for it.
public struct Outbox: Sendable {
  /// How much may wait.
  public struct Limits: Hashable, Sendable {
    /// Messages that may wait; at least 8.
    public var messagesMax: Int
    /// Payload bytes that may wait; at least one message of the largest size.
    public var bytesMax: Int

    public init(messagesMax: Int = 10_000, bytesMax: Int = 4 << 20) {
      self.messagesMax = max(8, messagesMax)
      self.bytesMax = max(Outbox.payloadBytesMax, bytesMax)
    }
  }

  /// The largest payload the platform takes.
  public static let payloadBytesMax = 64 << 10
  static let rangesMax = 64
  static let bootKey = "boot"
  static let droppedKey = "dropped"

  /// The number of this start of the device.
  public let boot: Int64
  /// The sequence number the next message will get.
  public private(set) var nextSequence: Int64 = 0
  /// Payload bytes held.
  public private(set) var bytes = 0
  /// Numbers given up for good, not yet told to the platform.
  var dropped: NumberRanges

  private let limits: Limits
  private var hello: OutboxEntry?
  private var isHelloFlying = false
  private var urgent: Deque<OutboxEntry> = []
  private var bulk: Deque<OutboxEntry> = []
  private var flying: [MessageNumber: OutboxEntry] = [:]

  /// Takes up what the memory holds, as a new start of the device.
  ///
  /// - Parameters:
  ///   - cells: the whole durable memory; other cells are left alone.
  ///   - changes: gets what must be durable before anything is sent: the new boot number.
  public init(cells: [String: [UInt8]], limits: Limits = Limits(), changes: inout [FlashChange]) {
    self.limits = limits
    let last = cells[Self.bootKey].flatMap { Int64(String(decoding: $0, as: UTF8.self)) } ?? 0
    dropped = cells[Self.droppedKey].map { NumberRanges(bytes: $0, countMax: Self.rangesMax) }
      ?? NumberRanges(countMax: Self.rangesMax)
    let entries = cells.compactMap { OutboxEntry(key: $0, value: $1) }.sorted { $0.number < $1.number }
    boot = max(last, entries.last?.number.boot ?? 0) + 1
    changes.append(.put(key: Self.bootKey, value: Array(String(boot).utf8)))
    for entry in entries {
      if entry.channel == .hello { // of an earlier start: it says nothing any more
        giveUp(entry, &changes)
      } else {
        keep(entry)
      }
    }
    makeRoom(&changes)
  }

  /// Messages held, sent or not.
  public var count: Int { urgent.count + bulk.count + flying.count + (hello != nil && !isHelloFlying ? 1 : 0) }

  /// Whether a message waits to be sent.
  public var hasWaiting: Bool { (hello != nil && !isHelloFlying) || !urgent.isEmpty || !bulk.isEmpty }

  /// The numbers held, in ranges; at most 64 ranges, oldest first.
  public func kept(before: MessageNumber? = nil) -> [MessageRange] {
    var numbers = urgent.map(\.number) + bulk.map(\.number) + flying.keys
    if let hello, !isHelloFlying { numbers.append(hello.number) }
    if let before { numbers.removeAll { $0 >= before } }
    return NumberRanges(of: numbers, countMax: Self.rangesMax).ranges
  }

  /// Whether a number is still held.
  public func holds(_ number: MessageNumber) -> Bool {
    flying[number] != nil || hello?.number == number || urgent.contains { $0.number == number }
      || bulk.contains { $0.number == number }
  }
}

extension Outbox {
  /// Takes a message in.
  ///
  /// - Parameter body: writes the payload for the number that the message gets.
  /// - Returns: the number; nil when the payload is too large (nothing changed then).
  public mutating func append(
    _ channel: UpChannel, worth: MessageWorth, changes: inout [FlashChange],
    body: (MessageNumber) -> [UInt8]
  ) -> MessageNumber? {
    let number = MessageNumber(boot: boot, sequence: nextSequence)
    let entry = OutboxEntry(number: number, channel: channel, worth: worth, payload: body(number))
    guard entry.payload.count <= Self.payloadBytesMax else { return nil }
    nextSequence += 1
    keep(entry)
    changes.append(entry.stored)
    makeRoom(&changes)
    return number
  }

  /// Makes the hello of a new connection; one that was never acknowledged is written anew under its number.
  public mutating func sayHello(
    changes: inout [FlashChange], body: (MessageNumber, _ kept: [MessageRange], _ dropped: [MessageRange]) -> [UInt8]
  ) {
    let number = hello?.number ?? MessageNumber(boot: boot, sequence: nextSequence)
    if hello == nil { nextSequence += 1 }
    bytes -= hello?.payload.count ?? 0
    flying[number] = nil
    let payload = body(number, kept(before: number), dropped.ranges)
    let entry = OutboxEntry(number: number, channel: .hello, worth: .alarm, payload: payload)
    hello = entry
    isHelloFlying = false
    bytes += payload.count
    changes.append(entry.stored)
  }

  /// The next message to send, which is under way from now on; nil when none waits.
  ///
  /// - Parameter isProtecting: false passes over what can only go protected.
  public mutating func takeNext(isProtecting: Bool = true) -> OutboxEntry? {
    if let hello, !isHelloFlying {
      isHelloFlying = true
      flying[hello.number] = hello
      return hello
    }
    guard let next = takeUrgent(isProtecting) ?? bulk.popFirst() else { return nil }
    flying[next.number] = next
    return next
  }

  private mutating func takeUrgent(_ isProtecting: Bool) -> OutboxEntry? {
    if isProtecting { return urgent.popFirst() }
    return urgent.firstIndex { $0.channel != .protected }.map { urgent.remove(at: $0) }
  }

  /// A message could not be sent after all: it waits again, in front.
  public mutating func putBack(_ number: MessageNumber) {
    guard let entry = flying.removeValue(forKey: number), entry.channel != .hello else { return }
    if entry.channel == .telemetry { bulk.prepend(entry) } else { urgent.prepend(entry) }
  }

  /// The platform has it, or will never take it: it is forgotten.
  public mutating func acknowledge(_ number: MessageNumber, changes: inout [FlashChange]) {
    guard let entry = flying.removeValue(forKey: number) else { return }
    if entry.number == hello?.number {
      hello = nil
      isHelloFlying = false
      if !dropped.ranges.isEmpty {
        dropped = NumberRanges(countMax: Self.rangesMax)
        changes.append(.delete(key: Self.droppedKey))
      }
    }
    bytes -= entry.payload.count
    changes.append(.delete(key: OutboxEntry.key(number)))
  }

  /// The connection is gone: what was under way waits again, in order.
  public mutating func connectionLost() {
    for entry in flying.values.sorted(by: { $0.number > $1.number }) where entry.channel != .hello {
      if entry.channel == .telemetry { bulk.prepend(entry) } else { urgent.prepend(entry) }
    }
    flying = [:]
    isHelloFlying = false
  }
}

extension Outbox {
  private mutating func keep(_ entry: OutboxEntry) {
    bytes += entry.payload.count
    if entry.channel == .telemetry { bulk.append(entry) } else { urgent.append(entry) }
  }

  /// Gives the cheapest, oldest messages up until the limits hold. What is under way is never given up.
  private mutating func makeRoom(_ changes: inout [FlashChange]) {
    while count > limits.messagesMax || bytes > limits.bytesMax {
      if let reading = bulk.popFirst() {
        bytes -= reading.payload.count
        giveUp(reading, &changes)
      } else if let worth = urgent.lazy.map(\.worth).min(),
        let index = urgent.firstIndex(where: { $0.worth == worth }) {
        let entry = urgent.remove(at: index)
        bytes -= entry.payload.count
        giveUp(entry, &changes)
      } else {
        return
      }
    }
  }

  private mutating func giveUp(_ entry: OutboxEntry, _ changes: inout [FlashChange]) {
    dropped.insert(entry.number)
    changes.append(.delete(key: OutboxEntry.key(entry.number)))
    changes.append(.put(key: Self.droppedKey, value: dropped.bytes))
  }
}
