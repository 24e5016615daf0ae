/// Who subscribed to what: a tree by topic level, with `+` and `#` as branches of their own, and groups that share
/// (4.7, 4.8). No lock of its own: `Router` guards it.
final class SubscriptionTree {
  /// One session's subscription of one filter.
  struct Subscription {
    let session: StoredSession
    var options: MQTTSubscriptionOptions
    /// 0: none.
    var identifier: UInt32
  }

  private final class Group {
    var members: [Subscription] = []
    /// Where the round goes on.
    var next = 0
  }

  private final class Node {
    var children: [MQTTString: Node] = [:]
    /// The child of `+`.
    var any: Node?
    var own: [ObjectIdentifier: Subscription] = [:]
    var groups: [MQTTString: Group] = [:]
    /// Subscriptions of `…/#` at this level.
    var rest: Node?

    var isEmpty: Bool { children.isEmpty && any == nil && own.isEmpty && groups.isEmpty && rest == nil }
  }

  private let root = Node()
  /// Subscriptions in all.
  private(set) var count = 0

  // MARK: Changing

  /// Adds or replaces a subscription.
  ///
  /// - Returns: whether it is new.
  func insert(_ subscription: Subscription, filter: MQTTString) -> Bool {
    let (share, path) = Self.split(filter)
    var node = root
    for level in path {
      if level.utf8.elementsEqual([MQTTTopicFilter.hash]) {
        node = Self.child(&node.rest)
      } else if level.utf8.elementsEqual([MQTTTopicFilter.plus]) {
        node = Self.child(&node.any)
      } else if let next = node.children[level] {
        node = next
      } else {
        let next = Node()
        node.children[level] = next
        node = next
      }
    }
    let isNew = share.map { Self.insert(subscription, share: $0, at: node) }
      ?? (node.own.updateValue(subscription, forKey: ObjectIdentifier(subscription.session)) == nil)
    if isNew { count += 1 }
    return isNew
  }

  /// Removes a subscription.
  ///
  /// - Returns: whether there was one.
  func remove(_ session: StoredSession, filter: MQTTString) -> Bool {
    let (share, path) = Self.split(filter)
    let removed = Self.remove(ObjectIdentifier(session), share: share, path: path[...], at: root)
    if removed { count -= 1 }
    return removed
  }

  private static func insert(_ subscription: Subscription, share: MQTTString, at node: Node) -> Bool {
    let group = node.groups[share] ?? Group()
    node.groups[share] = group
    if let index = group.members.firstIndex(where: { $0.session === subscription.session }) {
      group.members[index] = subscription
      return false
    }
    group.members.append(subscription)
    return true
  }

  private static func remove(
    _ session: ObjectIdentifier, share: MQTTString?, path: ArraySlice<MQTTString>, at node: Node
  ) -> Bool {
    guard let level = path.first else {
      guard let share else { return node.own.removeValue(forKey: session) != nil }
      guard let group = node.groups[share],
        let index = group.members.firstIndex(where: { ObjectIdentifier($0.session) == session })
      else { return false }
      group.members.remove(at: index)
      if group.members.isEmpty { node.groups[share] = nil }
      return true
    }
    let below = path.dropFirst()
    if level.utf8.elementsEqual([MQTTTopicFilter.hash]) {
      guard let next = node.rest, remove(session, share: share, path: below, at: next) else { return false }
      if next.isEmpty { node.rest = nil }
    } else if level.utf8.elementsEqual([MQTTTopicFilter.plus]) {
      guard let next = node.any, remove(session, share: share, path: below, at: next) else { return false }
      if next.isEmpty { node.any = nil }
    } else {
      guard let next = node.children[level], remove(session, share: share, path: below, at: next) else { return false }
      if next.isEmpty { node.children[level] = nil }
    }
    return true
  }

  private static func child(_ slot: inout Node?) -> Node {
    let node = slot ?? Node()
    slot = node
    return node
  }

  // MARK: Matching

  /// Calls `visit` with every subscription that matches, one of each sharing group, and whether it is shared.
  ///
  /// Of a group the next member in turn is taken who is connected; when none is, the next in turn all the same: the
  /// message waits for it.
  func match(_ topic: MQTTString, visit: (Subscription, _ isShared: Bool) -> Void) {
    let levels = Self.levels(topic.utf8[...])
    match(levels[...], at: root, isFirst: true, isHidden: topic.utf8.first == MQTTTopicFilter.dollar, visit: visit)
  }

  private func match(
    _ levels: ArraySlice<MQTTString>, at node: Node, isFirst: Bool, isHidden: Bool,
    visit: (Subscription, _ isShared: Bool) -> Void
  ) {
    let wildcardsMatch = !(isFirst && isHidden)
    if wildcardsMatch, let rest = node.rest { Self.visit(rest, visit) }
    guard let level = levels.first else { return Self.visit(node, visit) }
    let below = levels.dropFirst()
    if let next = node.children[level] { match(below, at: next, isFirst: false, isHidden: isHidden, visit: visit) }
    if wildcardsMatch, let next = node.any { match(below, at: next, isFirst: false, isHidden: isHidden, visit: visit) }
  }

  private static func visit(_ node: Node, _ visit: (Subscription, _ isShared: Bool) -> Void) {
    for subscription in node.own.values { visit(subscription, false) }
    for group in node.groups.values {
      let count = group.members.count
      guard count > 0 else { continue }
      let start = group.next % count
      let turn = (0..<count).map { (start + $0) % count }.first { group.members[$0].session.isConnected } ?? start
      group.next = turn + 1
      visit(group.members[turn], true)
    }
  }

  // MARK: Levels

  /// The levels of a topic or filter.
  static func levels(_ bytes: ArraySlice<UInt8>) -> [MQTTString] {
    bytes.split(separator: MQTTTopicFilter.slash, omittingEmptySubsequences: false).map { MQTTString(utf8: Array($0)) }
  }

  /// A filter's group name, if it shares, and its levels.
  private static func split(_ filter: MQTTString) -> (share: MQTTString?, path: [MQTTString]) {
    guard let start = filter.utf8.withUnsafeBytes({ bytes in
      MQTTTopicFilter.isShared(bytes) ? MQTTTopicFilter.shareSplit(bytes) : nil
    }) else { return (nil, levels(filter.utf8[...])) }
    return (MQTTString(utf8: Array(filter.utf8[7..<start - 1])), levels(filter.utf8[start...]))
  }
}
