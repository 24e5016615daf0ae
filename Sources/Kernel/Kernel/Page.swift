/// One page of a list that is read with a cursor.
package struct Page<Item: Sendable>: Sendable {
  package let items: [Item]
  /// Give this back to read on; nil after the last item. Opaque: its form may change.
  package let next: String?

  package init(items: [Item], next: String?) {
    self.items = items
    self.next = next
  }

  /// The same page of other items, one for one.
  package func map<Other: Sendable, E: Error>(_ transform: (Item) throws(E) -> Other) throws(E) -> Page<Other> {
    var others: [Other] = []
    others.reserveCapacity(items.count)
    for item in items { others.append(try transform(item)) }
    return Page<Other>(items: others, next: next)
  }
}

extension Page: Equatable where Item: Equatable {}

/// How much of a list to read, and from where.
package struct PageRequest: Sendable, Hashable {
  /// What `Page.next` said; nil for the first page.
  package let cursor: String?
  /// 1 to 200 items.
  package let limit: Int

  /// - Parameter limit: brought into 1 to 200.
  package init(cursor: String? = nil, limit: Int = 50) {
    self.cursor = cursor
    self.limit = min(max(limit, 1), 200)
  }
}
