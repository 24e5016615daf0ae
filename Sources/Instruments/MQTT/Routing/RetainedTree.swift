/// The last message of each topic that its publisher asked to keep (3.3.1.3). No lock of its own: `Router` guards it.
final class RetainedTree {
  private final class Node {
    var children: [MQTTString: Node] = [:]
    var message: Message?
  }

  private let root = Node()
  /// Messages kept.
  private(set) var count = 0
  /// Their bytes.
  private(set) var byteCount = 0
  private let messagesMax: Int
  private let bytesMax: Int

  init(messagesMax: Int, bytesMax: Int) {
    self.messagesMax = messagesMax
    self.bytesMax = bytesMax
  }

  /// Keeps a message in place of the topic's last one; an empty payload forgets it [MQTT-3.3.1-6, -7].
  ///
  /// - Returns: false when the limit forbids it.
  func keep(_ message: Message) -> Bool {
    let path = SubscriptionTree.levels(message.topic.utf8[...])
    if message.payload.isEmpty {
      forget(path[...], at: root)
      return true
    }
    let old = find(path)?.message
    let bytes = byteCount - (old?.byteCount ?? 0) + message.byteCount
    guard bytes <= bytesMax, old != nil || count < messagesMax else { return false }
    var node = root
    for level in path {
      let next = node.children[level] ?? Node()
      node.children[level] = next
      node = next
    }
    if node.message == nil { count += 1 }
    node.message = message
    byteCount = bytes
    return true
  }

  /// Whether the limits allow to keep a payload of this size.
  func mayKeep(_ topic: MQTTString, bytes: Int) -> Bool {
    let old = find(SubscriptionTree.levels(topic.utf8[...]))?.message
    if bytes == 0 { return true }
    let bytesAfter = byteCount - (old?.byteCount ?? 0) + topic.utf8.count + bytes
    return bytesAfter <= bytesMax && (old != nil || count < messagesMax)
  }

  /// The messages whose topics match a filter, without those that expired.
  func matching(_ filter: MQTTString, now: UInt64) -> [Message] {
    var found: [Message] = []
    match(SubscriptionTree.levels(filter.utf8[...])[...], at: root, isFirst: true) { message in
      if !message.isExpired(now) { found.append(message) }
    }
    return found
  }

  /// Forgets the messages that expired.
  func sweep(now: UInt64) {
    var expired: [Message] = []
    walk(root, isFirst: false) { if $0.isExpired(now) { expired.append($0) } }
    for message in expired { forget(SubscriptionTree.levels(message.topic.utf8[...])[...], at: root) }
  }

  private func find(_ path: [MQTTString]) -> Node? {
    var node: Node? = root
    for level in path { node = node?.children[level] }
    return node
  }

  private func forget(_ path: ArraySlice<MQTTString>, at node: Node) {
    guard let level = path.first else {
      if let message = node.message {
        count -= 1
        byteCount -= message.byteCount
        node.message = nil
      }
      return
    }
    guard let next = node.children[level] else { return }
    forget(path.dropFirst(), at: next)
    if next.message == nil, next.children.isEmpty { node.children[level] = nil }
  }

  private func match(_ path: ArraySlice<MQTTString>, at node: Node, isFirst: Bool, visit: (Message) -> Void) {
    guard let level = path.first else {
      if let message = node.message { visit(message) }
      return
    }
    let below = path.dropFirst()
    if level.utf8.elementsEqual([MQTTTopicFilter.hash]) {
      walk(node, isFirst: isFirst, visit: visit)
    } else if level.utf8.elementsEqual([MQTTTopicFilter.plus]) {
      for (name, child) in node.children where !(isFirst && name.utf8.first == MQTTTopicFilter.dollar) {
        match(below, at: child, isFirst: false, visit: visit)
      }
    } else if let next = node.children[level] {
      match(below, at: next, isFirst: false, visit: visit)
    }
  }

  private func walk(_ node: Node, isFirst: Bool, visit: (Message) -> Void) {
    if let message = node.message { visit(message) }
    for (name, child) in node.children where !(isFirst && name.utf8.first == MQTTTopicFilter.dollar) {
      walk(child, isFirst: false, visit: visit)
    }
  }
}
