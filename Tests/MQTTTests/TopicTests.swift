import Testing

@testable import MQTT

@Suite("Topics and filters")
struct TopicTests {
  @Test(
    "filters match as 4.7 says",
    arguments: [
      ("sport/tennis/player1/#", "sport/tennis/player1", true),
      ("sport/tennis/player1/#", "sport/tennis/player1/score/wimbledon", true),
      ("sport/#", "sport", true), ("#", "a/b", true), ("#", "/", true), ("+", "a", true), ("+", "/a", false),
      ("+/+", "/finance", true), ("/+", "/finance", true), ("+", "/finance", false),
      ("sport/+", "sport", false), ("sport/+", "sport/", true), ("sport/tennis/+", "sport/tennis/a/b", false),
      ("#", "$SYS/a", false), ("+/monitor/Clients", "$SYS/monitor/Clients", false), ("$SYS/#", "$SYS/a", true),
      ("$SYS/monitor/+", "$SYS/monitor/Clients", true), ("a/b", "A/b", false), ("a//b", "a//b", true),
      ("a/+/b", "a//b", true), ("a", "a/", false), ("é", "e\u{301}", false),
    ])
  func matching(filter: String, topic: String, expected: Bool) {
    let (filter, topic) = (MQTTString(filter), MQTTString(topic))
    #expect(MQTTTopicFilter.matches(filter: filter, topic: topic) == expected)
    let tree = SubscriptionTree()
    let session = StoredSession(clientID: "s", options: .init(newClientID: { "" }))
    _ = tree.insert(.init(session: session, options: .init(maximumQoS: .atMostOnce), identifier: 0), filter: filter)
    var found = 0
    tree.match(topic) { _, _ in found += 1 }
    #expect(found == (expected ? 1 : 0))
  }

  @Test(
    "filters are well formed or not",
    arguments: [
      ("#", true), ("+", true), ("a/#", true), ("a/+/b", true), ("/", true), ("a/#/b", false), ("a#", false),
      ("a+", false), ("+a/b", false), ("", false), ("$share/g/a", true), ("$share/g/", false), ("$share//a", false),
      ("$share/g", false), ("$share/+/a", false), ("$share/g#/a", false), ("$share", false), ("$shared/a", true),
    ])
  func validity(filter: String, expected: Bool) {
    let isValid = Array(filter.utf8).withUnsafeBytes { MQTTTopicFilter.isValid($0) }
    #expect(isValid == expected)
  }

  @Test("the tree finds what the definition finds, for random filters and topics")
  func treeAgreesWithDefinition() {
    var random = SeededRandom(seed: 11)
    let words = ["a", "b", "", "$x", "安"]
    func path(_ words: [String]) -> String {
      (0...Int.random(in: 0...3, using: &random)).map { _ in words.randomElement(using: &random) ?? "a" }
        .joined(separator: "/")
    }
    for _ in 0..<200 {
      let tree = SubscriptionTree()
      var filters: [(MQTTString, StoredSession)] = []
      for number in 0..<12 {
        var text = path(words + ["+", "+"])
        if Bool.random(using: &random) { text += text.isEmpty ? "#" : "/#" }
        if text.isEmpty { text = "+" }
        let session = StoredSession(clientID: MQTTString("\(number)"), options: .init(newClientID: { "" }))
        let subscription = SubscriptionTree.Subscription(
          session: session, options: .init(maximumQoS: .atMostOnce), identifier: 0)
        #expect(tree.insert(subscription, filter: MQTTString(text)))
        filters.append((MQTTString(text), session))
      }
      for _ in 0..<20 {
        let topic = MQTTString(path(words))
        guard !topic.isEmpty else { continue }
        var found: Set<ObjectIdentifier> = []
        tree.match(topic) { subscription, _ in found.insert(ObjectIdentifier(subscription.session)) }
        let wanted = Set(
          filters.filter { MQTTTopicFilter.matches(filter: $0.0, topic: topic) }.map { ObjectIdentifier($0.1) })
        #expect(found == wanted)
      }
      for (filter, session) in filters { #expect(tree.remove(session, filter: filter)) }
      #expect(tree.count == 0)
      tree.match("a") { _, _ in Issue.record("a subscription is left") }
    }
  }

  @Test("kept messages are found by the filters that match them, counted and bounded")
  func retained() {
    let tree = RetainedTree(messagesMax: 3, bytesMax: 100)
    func message(_ topic: MQTTString, _ payload: String, expiresAt: UInt64? = nil) -> Message {
      Message(
        topic: topic, payload: Array(payload.utf8), qos: .atMostOnce, isRetained: true, passedProperties: [],
        expiresAt: expiresAt, publisher: nil)
    }
    #expect(tree.keep(message("a/b", "1")))
    #expect(tree.keep(message("a", "2")))
    #expect(tree.keep(message("$SYS/x", "3", expiresAt: 10)))
    #expect(!tree.keep(message("c", "4")))
    #expect(tree.keep(message("a", "5")))
    #expect(tree.matching("a/#", now: 0).map(\.topic.description).sorted() == ["a", "a/b"])
    #expect(tree.matching("#", now: 0).count == 2)
    #expect(tree.matching("+/x", now: 0).isEmpty)
    #expect(tree.matching("$SYS/+", now: 9).count == 1)
    #expect(tree.matching("$SYS/+", now: 10).isEmpty)
    tree.sweep(now: 10)
    #expect(tree.count == 2)
    #expect(!tree.keep(message("big", String(repeating: "x", count: 200))))
    #expect(tree.keep(message("a", "")))
    #expect(tree.keep(message("a/b", "")))
    #expect(tree.count == 0)
    #expect(tree.byteCount == 0)
  }
}
