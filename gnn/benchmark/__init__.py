"""The product's network, trees and blend on any graph of nodes and links with labels, to be measured by."""
