package treemerge

import (
	"hash/fnv"
	"slices"
)

// hashOrder returns the order in which Git goes through a hash table that paths were put into one after the other. It
// decides which of several equally similar files a rename goes to, if they are in different folders.
func hashOrder(paths []string) []int {
	const firstSize, growth, fullAt = 64, 4, 0.8
	table := make([][]int, firstSize) // each bucket's latest entry comes last
	hashes := make([]uint32, len(paths))
	place := func(i int) {
		bucket := &table[hashes[i]%uint32(len(table))]
		*bucket = append(*bucket, i)
	}
	for i, path := range paths {
		hash := fnv.New32()
		hash.Write([]byte(path))
		hashes[i] = hash.Sum32()
		place(i)
		if i+1 > int(float64(len(table))*fullAt) {
			held := inOrder(table)
			table = make([][]int, len(table)*growth)
			for _, j := range held {
				place(j)
			}
		}
	}
	return inOrder(table)
}

// inOrder reads the buckets one after the other, the latest entry of each first.
func inOrder(table [][]int) []int {
	var order []int
	for _, bucket := range table {
		for _, i := range slices.Backward(bucket) {
			order = append(order, i)
		}
	}
	return order
}
