import Hummingbird
import Kernel

/// One page of a list as JSON.
struct PageBody<Item: Encodable & Described & Sendable>: Encodable, Described {
  let items: [Item]
  /// nil is left out: the last page.
  let nextCursor: String?

  /// The name of the page's schema: the item's with `Page` behind.
  static var schema: Schema {
    guard case .named(let name, _) = Item.schema else { preconditionFailure("a list's items have a named schema") }
    return .page(of: Item.schema, "\(name)Page")
  }
}

extension Call {
  /// Which page is asked for, its cursor opened.
  func page() throws(Problem) -> PageRequest {
    PageRequest(cursor: try cursor(String.self), limit: limit)
  }

  /// Answers with a page, its cursor sealed.
  func answer<Item, Body: Encodable & Described & Sendable>(
    _ page: Page<Item>, _ body: (Item) -> Body
  ) throws -> Response {
    try answer(PageBody(items: page.items.map(body), nextCursor: try next(page.next)))
  }
}

extension Endpoint.Answer {
  /// A page of such items.
  static func page<Item: Encodable & Described & Sendable>(of _: Item.Type) -> Endpoint.Answer {
    .json(PageBody<Item>.schema)
  }
}
