package workspace

var CheckChannel = checkChannel
