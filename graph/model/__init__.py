"""What lenders report, as frozen values; the error family; moments. Standard library only: everything else
imports this.
"""
